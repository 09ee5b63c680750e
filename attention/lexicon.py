"""Which nouns name people, in which number: the lists of occupations and people, and rules for what they leave out."""

import re

from . import things
from .occupations import AGENT_VERBS, ENDINGS, NOT_ALONE, NOT_BY_ENDING, OCCUPATIONS
from .origins import COLOURS, NATIVES, ORIGINS

PEOPLE = frozenset(
    """adolescent adult alumnus ancestor antagonist applicant arrival audience baby bachelor bassist beginner believer beloved
    bloke boss boyband bride brother-in-law bully bystander candidate casualty celebrity champion chap chaperone character child
    choir citizen civilian classmate clergy client collaborator colleague companion comrade consumer contestant convict
    couple cousin coworker co-worker creative crew criminal crowd customer daughter-in-law debutante defendant
    demonstrator descendant donor dweller elder employee employer enthusiast everyone ex expat expert face
    family farmhand father-in-law fella fellow fiance fiancee fighter foe foreigner founder friend fugitive genius godfather
    godmother graduate grandchild grandparent great-grandmother great-grandfather grown-up guest guru hedonist heir
    heretic hero hiker hippie hipster homeowner honoree hostage human humans immigrant inhabitant individual infant
    influencer inmate intern intellectual islander jogger jury juvenile kid kinfolk kin lad leader learner loner lover
    macho mate member mentor millennial minion mother-in-law motorist mourner neighbor neighbour nerd newborn
    newcomer newlywed nomad noblewoman occupant octogenarian offender onlooker opponent orphan owner pal parent
    participant partner passenger passerby passer-by patient patron pedestrian peer pensioner people person persona pilgrim
    plaintiff playmate posse prisoner protagonist protester protestor prodigy punk pupil recipient refugee relative resident retiree
    reveler reveller rider rival rockstar roommate royal royalty scout senior septuagenarian shopper sibling sinner sister-in-law
    skinhead sleeper snob socialite someone somebody son-in-law spectator specialist spouse staff stepchild stepfather
    stepmother stepson stepdaughter stepsister stepbrother stranger student suitor superhero supermodel supporter suspect
    survivor sweetheart swordswoman teammate team teen teenager terrorist thief thug toddler tot tourist townsfolk
    traveler traveller triplet troop tsar twin tween user vagrant vampire veteran victim viewer villain villager visitor
    volunteer voter wanderer wayfarer whistleblower widow widower winner loser witness wizard wrongdoer yankee youngster youth
    yuppie zealot folk folks pharaoh sultan caliph maharaja emir shogun geisha czar tsarina vizier chieftain
    aristocrat gentry commoner peasantry proletarian hobo tramp drifter outcast rebel revolutionary guerrilla insurgent
    deserter conscript cadet rookie veterinarian admiral brigadier corporal general lieutenant 
    representative official professional redhead blonde brunette ginger bookworm daredevil drunkard drunk addict smoker
    optimist pessimist pacifist feminist anarchist communist socialist capitalist perfectionist introvert extrovert
    atheist agnostic monk hajji dervish sadhu nudist 
    acrobat aerialist stuntperson mime busker groupie superfan goth raver clubber partygoer churchgoer
    concertgoer moviegoer festivalgoer theatergoer holidaymaker vacationer backpacker camper hitchhiker stargazer
    birdwatcher beachgoer sunbather picnicker bather swimmer snorkeler kayaker canoeist rower paraglider
    weightlifter powerlifter bodybuilder pentathlete decathlete marathoner hurdler wrestler boxer kickboxer opponent
    goalie striker quarterback batsman wicketkeeper linebacker shortstop benchwarmer
    spellcaster necromancer paladin enchantress swashbuckler pharisee gentile disciple apostle monarch sage""".split()
)
# Nouns that state a gender: person nouns and attributes at once. Not here: titles used of anyone (actor, waiter, maid),
# which state too little to count as the user's choice.
GENDERED = frozenset(
    """man boy gentleman guy lad dude bloke chap father dad daddy papa grandfather grandpa granddad son grandson brother uncle
    nephew husband boyfriend bridegroom groom king prince duke emperor baron lord sir businessman policeman fireman salesman
    cameraman mailman postman fisherman craftsman clergyman foreman handyman sportsman spokesman chairman congressman
    doorman cowboy schoolboy groomsman bachelor male stepfather stepson stepbrother godfather father-in-law son-in-law
    brother-in-law monk nobleman statesman stuntman milkman horseman swordsman tradesman boatman footman
    woman girl lady gal mother mom mommy mum mama grandmother grandma granny daughter granddaughter sister aunt auntie niece
    wife girlfriend bride queen princess duchess empress baroness dame nun actress waitress businesswoman policewoman
    firewoman saleswoman camerawoman fisherwoman craftswoman sportswoman spokeswoman chairwoman congresswoman cowgirl
    hostess ballerina schoolgirl bridesmaid stewardess heroine witch housewife female stepmother stepdaughter stepsister
    godmother mother-in-law daughter-in-law sister-in-law widow widower noblewoman stateswoman stuntwoman horsewoman
    swordswoman tradeswoman priestess sorceress mermaid milkmaid barmaid chambermaid governess matriarch
    patriarch landlady landlord seductress showgirl countess count marquis maiden damsel lass bachelorette""".split()
)
AGED = frozenset(
    """adolescent baby boy child elder girl infant kid lad lass schoolboy schoolgirl senior teen teenager tween toddler newborn
    youngster youth grandfather grandpa granddad grandmother grandma granny grandparent octogenarian septuagenarian
    pensioner adult tot juvenile grown-up""".split()
)
COLLECTIVES = frozenset(
    "audience choir couple crew crowd family jury staff team troop posse royalty clergy gentry townsfolk folk".split()
)
# Nouns for others than people too: people only where something else in the prompt says so (see people.evidence).
WEAK = frozenset("figure fan server character band".split())
GENERIC = frozenset(
    "man woman boy girl male female person guy lady gentleman adult child human individual people".split()
)
# Nouns that are verbs as often: "a man cooks dinner".
ALSO_VERBS = frozenset(
    "coach cook fan general guard guide host judge model nurse pilot scout star captain train".split()
)
# Titles that stand before a name: "Doctor Smith".
TITLES = frozenset(
    """doctor dr professor prof president king queen captain judge nurse officer father sister brother uncle aunt auntie general
    colonel sergeant major lieutenant senator governor mayor minister pope detective inspector agent chef coach
    lord lady prince princess sir madam dame mr mrs ms miss mister reverend rabbi pastor emperor empress duke duchess count
    countess baron baroness admiral corporal commander chancellor secretary ambassador bishop cardinal sheriff deputy
    grandma grandpa granny mother comrade master mistress""".split()
)
ABBREVIATED = frozenset("dr prof mr mrs ms miss mister sir madam".split())  # people before a name only

FACES = frozenset("face head portrait headshot selfie".split())
PICTURED = frozenset("portrait headshot selfie".split())  # faces that are pictures: their adjectives are not of people
BODY = FACES - PICTURED | frozenset(
    """hand eye smile hair body skin mouth cheek arm leg expression silhouette shoulder back lap neck chest knee foot finger
    forehead nose ear chin beard moustache mustache lip tooth brow eyebrow wrist elbow waist hip thumb palm gaze torso
    forearm ponytail braid profile embrace""".split()
)
PICTURES = PICTURED | frozenset(
    "photo photograph picture image painting drawing illustration sketch close-up closeup shot render".split()
)
# "a statue of a soldier", "the office of a doctor", "in the style of a painter": nobody to be seen.
NOT_THE_PEOPLE = frozenset(
    """statue statuette sculpture bust figurine figure doll puppet monument mannequin scarecrow toy costume uniform helmet hat
    mask office house home room desk shop car grave tomb style manner absence history logo emoji symbol icon sign work works
    story tale legend book lack need role shape form version""".split()
)
NOT_LOOKS = frozenset(  # words of degree and quantity: modifiers that describe nobody
    """very quite really extremely slightly so too rather highly fairly incredibly more most several many few various
    multiple numerous other another same different such trending""".split()
)

_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "children": "child",
    "grandchildren": "grandchild",
    "stepchildren": "stepchild",
    "passersby": "passerby",
    "passers-by": "passerby",
    "spies": "spy",
    "thieves": "thief",
    "wives": "wife",
    "housewives": "housewife",
    "midwives": "midwife",
    "feet": "foot",
    "teeth": "tooth",
    "personnel": "employee",
    "police": "police officer",
    "paparazzi": "paparazzo",
    "alumni": "alumnus",
    "folks": "folk",
    "women": "woman",
    "men": "man",
}
_TAG = re.compile(r"(\d+)\+?(girl|boy|man|woman|guy|lady|person|other|male|female|child|kid|people|men|women)s?")
_PREFIX = re.compile(r"(?:vice|co|ex|deputy|step|great|arch|half|non|semi)-(?=\w)")
_SINGLE = {entry.rpartition(" ")[2] for entry in OCCUPATIONS} - NOT_ALONE
_ALL_NOUNS = OCCUPATIONS | _SINGLE | PEOPLE | GENDERED | WEAK
_FROM = ORIGINS - COLOURS  # "two Germans"


def singular(noun: str) -> str:
    """ "Women" -> "woman", "police officers" -> "police officer": the singular in lower case, of nouns in general."""
    first, space, word = noun.lower().rpartition(" ")
    return first + space + _singular(word)


def _singular(word: str) -> str:
    if word in ORIGINS or word in TITLES:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("people") and word != "people":
        return word[:-6] + "person"
    if word.endswith("men") and (word[:-3] + "man" in _ALL_NOUNS or _ends_as_people(word[:-3] + "man")):
        return word[:-3] + "man"
    if word in _ALL_NOUNS or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")) or word[:-2] in _ALL_NOUNS and word[:-1] not in _ALL_NOUNS:
        return word[:-2]
    return word[:-1]


def is_plural(word: str) -> bool:
    """Whether the noun denotes several people: "doctors", "people", and collectives such as "team" or "couple"."""
    lower = word.lower()
    tag = _TAG.fullmatch(lower)
    return int(tag[1]) != 1 if tag else singular(lower) != lower or lower in COLLECTIVES


def is_listed(noun: str) -> bool:
    """Whether a noun or compound is in the lists as it is: "police officers" is, "car mechanics" is not."""
    return singular(noun) in _ALL_NOUNS


def is_person(noun: str) -> bool:
    """Whether a noun, or the noun a compound ends in ("car mechanics"), names people; "face" counts, as somebody's."""
    words = singular(noun).split()
    if not words:
        return False
    for first in range(len(words) - 1):
        ending = " ".join(words[first:])
        if ending in OCCUPATIONS:
            return True
        if ending in things.COMPOUNDS:
            return False
    last = words[-1]
    if any(word in things.TOYS or word in things.MATERIALS and not _is_trade(last) for word in words[:-1]):
        return False
    if "-" in last and last not in _ALL_NOUNS:
        return _ends_as_people(last) or is_listed(last.rpartition("-")[2])  # "singer-songwriter"
    return last in _ALL_NOUNS or is_tag(last) or _ends_as_people(last) or _is_native(noun.split()[-1])


def _is_trade(noun: str) -> bool:
    """Whether a noun may name who works with what is named before it: "glass artist", but "glass soldier"."""
    return noun.endswith(("er", "or", "ist")) and noun not in ("soldier", "dancer", "warrior")


def is_tag(word: str) -> bool:
    """Whether a word is a picture board's tag for people: "1girl", "2boys"."""
    return _TAG.fullmatch(word.lower()) is not None


def tag(word: str) -> tuple[int, str] | None:
    """(number, person noun) of such a tag: "2boys" -> (2, "boy"); None for another word."""
    match = _TAG.fullmatch(word.lower())
    return (int(match[1]), singular(match[2])) if match else None


def _is_native(word: str) -> bool:
    """Whether a word names people by their origin: "Germans", "Frenchman" (by its ending), not "German"."""
    lower = word.lower()
    return lower in NATIVES or lower.endswith("s") and lower[:-1] in _FROM | NATIVES


def _ends_as_people(word: str) -> bool:
    """The suffix rules: "beekeeper", "oboist" (by -ist), "yachtswoman", "ex-soldier", "weaver" (of a verb)."""
    if word in NOT_BY_ENDING or word in things.WITH_FACES:
        return False
    prefix = _PREFIX.match(word)
    if prefix:
        return is_person(word[prefix.end() :])
    if word.endswith(ENDINGS) and not word.endswith("human") and word not in ENDINGS:
        return len(word) > 5
    if word.endswith("ist") and len(word) > 5 and word not in _STYLES:
        return True
    stems = {word[:-2], word[:-1], word[:-3] + "y"} | ({word[:-3]} if len(word) > 4 and word[-3] == word[-4] else set())
    return word.endswith(("er", "or", "ier")) and bool(stems & AGENT_VERBS)


_STYLES = frozenset(
    """impressionist expressionist surrealist cubist minimalist realist modernist futurist brutalist constructivist
    maximalist pointillist symbolist fauvist dadaist romanticist post-impressionist hyperrealist photorealist naturalist
    structuralist suprematist postmodernist checklist playlist shortlist wishlist enlist persist consist assist resist
    insist exist whist amethyst twist foist hoist joist moist midst tryst grist zeitgeist heist""".split()
)


def stated_by_noun(noun: str) -> tuple[tuple[str, str], ...]:
    """(axis, word) that a person noun states by itself: "businesswoman" a gender, "boy" a gender and an age."""
    tagged = tag(noun)
    if tagged:
        return (("gender", noun),) if tagged[1] in GENDERED else ()
    word = singular(noun)
    gendered = word in GENDERED or word.endswith(("boy", "girl")) and word in _ALL_NOUNS
    gendered = gendered or word.endswith("man") and _ends_as_people(word)
    native = _is_native(noun) or _man_of(word)
    stated = (("gender", gendered), ("age", word in AGED), ("race", native))
    return tuple((axis, noun) for axis, is_stated in stated if is_stated)


def _man_of(word: str) -> bool:
    stem = word.removesuffix("woman").removesuffix("man") if word.endswith("man") else ""
    return stem in _FROM or stem in ("scots", "ulster", "manx")
