"""Words about people that prompts use: person nouns, faces, the attributes a prompt can state, numbers.

The lists say which words a prompt uses of people and which of them state an attribute, nothing about the people.
Occupations: after the lists of Fair Diffusion (arXiv 2302.10893), SD-EI (arXiv 2210.15230), UCE (arXiv 2308.14761) and
WinoBias (arXiv 1804.06876), with further ones that prompts use; not a copy of any of them. All entries are lower case.
"""

import re

# --- Person nouns (singular; a compound's last word also counts alone, unless it is in _NOT_ALONE) ------------------

_LISTED = """
    accountant, actor, aerospace engineer, aide, air conditioning installer, analyst, appraiser, architect, artist,
    assistant, astronaut, athlete, attendant, auditor, author, baker, ballet dancer, banker, barber, barista,
    bartender, basketball player, biologist, blacksmith, bodyguard, bricklayer, broker, builder, bus driver,
    butcher, butler, buyer, captain, cardiologist, career counselor, caregiver, caretaker, carpenter, cashier, ceo,
    chancellor, chef, chemist, chief executive officer, childcare worker, choreographer, civil engineer, claims
    appraiser, cleaner, clergyman, clerk, clown, coach, colonel, comedian, commander, community manager, commuter,
    compliance officer, composer, computer programmer, computer support specialist, computer systems analyst,
    conductor, construction worker, constructor, consultant, cook, correctional officer, counselor, courier, cowboy,
    craftsman, credit counselor, curator, customer service representative, cyclist, dancer, data entry keyer, data
    scientist, dental assistant, dental hygienist, dentist, designer, detective, developer, dietitian, diplomat,
    director, dishwasher, dispatcher, diver, doctor, driver, drummer, drywall installer, economist, editor,
    electrical engineer, electrician, engineer, entrepreneur, event planner, executive, executive assistant,
    explorer, facilities manager, farmer, fashion model, fast food worker, file clerk, film director, financial
    advisor, financial analyst, financial manager, fire fighter, firefighter, fisherman, fitness instructor, flight
    attendant, florist, football player, foreman, gardener, general, geologist, goalkeeper, governor, graphic
    designer, groundskeeper, guard, guitarist, gymnast, hairdresser, hairstylist, handyman, head cook, health
    technician, historian, homemaker, host, housekeeper, human being, hunter, illustrator, industrial engineer,
    inspector, installer, instructor, insurance agent, interior designer, interviewer, inventory clerk,
    investigator, investor, it specialist, jailer, janitor, jeweler, jockey, journalist, judge, juggler, keyer,
    knight, laboratory technician, laborer, language pathologist, lawyer, lecturer, librarian, lifeguard,
    logistician, lumberjack, machinery mechanic, machinist, magician, maid, mail carrier, makeup artist, manager,
    manicurist, market research analyst, marketing manager, mason, massage therapist, mathematician, mayor,
    mechanic, mechanical engineer, medical records specialist, mental health counselor, merchant, metal worker,
    midwife, miner, minister, model, monk, mountaineer, mover, movie star, musician, nanny, network administrator,
    novelist, nun, nurse, nursing assistant, nutritionist, occupational therapist, office clerk, office worker,
    officer, operator, optician, painter, paralegal, paramedic, pastor, payroll clerk, peasant, personal trainer,
    pharmacist, pharmacy technician, philosopher, photographer, physical therapist, physician, physicist, pianist,
    pilot, pirate, plane mechanic, planner, player, plumber, poet, police officer, politician, porter, postal
    worker, potter, president, priest, prime minister, principal, printing press operator, prison officer, producer,
    professor, programmer, prosecutor, psychiatrist, psychologist, public relations specialist, puppeteer,
    purchasing agent, rabbi, radiologic technician, radiologist, ranger, rapper, real estate broker, receptionist,
    referee, repair worker, reporter, researcher, roofer, runner, sailor, sales manager, salesperson, samurai,
    scholar, school bus driver, scientist, sculptor, seamstress, secret agent, secretary, security guard, senator,
    sergeant, sheet metal worker, sheriff, shoemaker, shopkeeper, singer, skateboarder, skier, soccer player, social
    assistant, social worker, software developer, software engineer, soldier, solicitor, spy, statistician, stocker,
    stylist, supervisor, surfer, surgeon, surveyor, swimmer, systems analyst, tailor, tattoo artist, taxi driver,
    teacher, teaching assistant, technician, teller, tennis player, therapist, tour guide, tractor operator, trader,
    trainer, translator, truck driver, tutor, umpire, underwriter, usher, valet, veterinarian, violinist, waiter,
    warehouse worker, warrior, watchmaker, web developer, welder, wholesale buyer, worker, wrestler, writer,
    youtuber, zookeeper
"""
OCCUPATIONS = frozenset(" ".join(entry.split()) for entry in _LISTED.split(","))
PEOPLE = frozenset(
    """adolescent adult ancestor audience baby bride bystander celebrity child choir citizen civilian clergy client co-
    worker couple coworker crew criminal crowd customer elder employee face family fan fighter friend grandchild
    grandparent groom guest hero hiker human individual infant influencer inmate jogger jury kid leader learner
    lover member neighbor neighbour newcomer newlywed nomad onlooker orphan parent participant partner passenger
    passerby patient pedestrian people person pilgrim prisoner protester pupil refugee relative resident rider
    rockstar royal scout senior shopper sibling someone specialist spectator spouse staff stranger student
    superhero survivor team teammate teen teenager terrorist thief thug toddler tourist traveler traveller troop
    twin user vampire victim viewer villager visitor volunteer voter witness wizard youngster youth""".split()
)
# Nouns that state a gender: person nouns and attributes at once. Not here: titles used of anyone (actor, waiter, maid),
# which state too little to count as the user's choice.
GENDERED = frozenset(
    """man boy gentleman guy lad dude father dad daddy grandfather grandpa son grandson brother uncle nephew husband
    boyfriend bridegroom groom king prince duke emperor businessman policeman fireman salesman cameraman mailman postman
    fisherman craftsman clergyman foreman handyman sportsman spokesman chairman congressman doorman cowboy schoolboy
    groomsman bachelor male woman girl lady gal mother mom mommy mum grandmother grandma daughter granddaughter sister
    aunt niece wife girlfriend bride queen princess duchess empress nun actress waitress businesswoman policewoman
    firewoman saleswoman camerawoman fisherwoman craftswoman sportswoman spokeswoman chairwoman congresswoman cowgirl
    hostess ballerina schoolgirl bridesmaid stewardess heroine witch housewife female""".split()
)
AGED = frozenset(
    """adolescent baby boy child elder girl infant kid lad schoolboy schoolgirl senior teen teenager toddler
    youngster youth grandfather grandpa grandmother grandma grandparent""".split()
)
COLLECTIVES = frozenset("audience choir couple crew crowd family jury staff team troop".split())
_NOT_ALONE = frozenset("agent being carrier guide star".split())  # of "tour guide", "movie star", ...
# Nouns that are verbs as often: "a man cooks dinner".
ALSO_VERBS = frozenset("coach cook fan general guard guide host judge model nurse pilot scout star".split())
_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "salespeople": "salesperson",
    "businesspeople": "businessperson",
    "children": "child",
    "grandchildren": "grandchild",
    "passersby": "passerby",
    "spies": "spy",
    "thieves": "thief",
    "wives": "wife",
    "housewives": "housewife",
    "midwives": "midwife",
    "personnel": "employee",
    "police": "police officer",
}

# --- Faces, and nouns that stand between "of" and the people ---------------------------------------------------------

FACES = frozenset("face head portrait headshot selfie".split())
PICTURED = frozenset("portrait headshot selfie".split())  # faces that are pictures: their adjectives are not of people
BODY = FACES - PICTURED | frozenset("hand eye smile hair body skin mouth cheek arm leg expression silhouette".split())
WITH_FACES = frozenset("clock watch rock cliff mountain animal cat dog lion emoji wall moon".split())  # not people's
PICTURES = PICTURED | frozenset("photo photograph picture image painting drawing illustration sketch close-up".split())
# "a statue of a soldier", "the office of a doctor", "in the style of a painter": nobody to be seen.
NOT_THE_PEOPLE = frozenset(
    """statue sculpture bust figurine figure doll puppet monument mannequin scarecrow toy costume uniform helmet hat
    mask office house home room desk shop car grave tomb style manner absence history""".split()
)

NO_PEOPLE = frozenset(("toy soldier", "gingerbread man", "stick man", "straw man", "snow man"))

# --- Attributes -------------------------------------------------------------------------------------------------------

ATTRIBUTES: dict[str, frozenset[str]] = {
    "gender": frozenset(
        """male female masculine feminine nonbinary non-binary transgender trans androgynous man woman men women boy
        girl lady""".split()
    ),
    "race": frozenset(
        """black white asian indian hispanic latino latina latinx african african-american afro-american asian-american
        caucasian european arab arabic arabian middle-eastern eastern-asian east-asian south-asian southeast-asian
        native indigenous aboriginal chinese japanese korean vietnamese thai filipino pakistani mexican brazilian
        nigerian kenyan ethiopian american british french german italian spanish russian turkish iranian persian jewish
        polynesian samoan maori""".split()
    ),
    "skin tone": frozenset(
        """light pale fair tan tanned brown dark light-skinned fair-skinned pale-skinned brown-skinned dark-skinned
        tan-skinned olive-skinned black-skinned white-skinned medium-skinned""".split()
    ),
    "age": frozenset(
        """young old elderly aged middle-aged teenage adult senior younger older little youthful ageing aging""".split()
    ),
}
_YEARS = re.compile(r"\d+-years?-old")
TRAITS = frozenset("skin complexion gender sex race ethnicity descent heritage origin".split())  # "of Asian descent"
# Words an attribute is about instead of the person: "a white haired man", "black clad dancers".
OF_SOMETHING_ELSE = frozenset("haired eyed bearded clad dressed robed suited gloved coated hatted".split())
_TONES_OF_SKIN = {"skinned", "complexioned"}

# --- Numbers ----------------------------------------------------------------------------------------------------------

NUMBERS = {
    **dict(zip("zero one two three four five six seven eight nine ten eleven twelve".split(), range(13), strict=True)),
    "a": 1,
    "an": 1,
    "single": 1,
    "both": 2,
    "dozen": 12,
    "twenty": 20,
    "hundred": 100,
}
QUANTITIES: dict[str, int | None] = {  # "a ... of doctors": how many; None: not said
    "couple": 2,
    "pair": 2,
    "duo": 2,
    "trio": 3,
    "quartet": 4,
    "dozen": 12,
    "group": None,
    "bunch": None,
    "lot": None,
    "number": None,
    "line": None,
    "row": None,
    "hundred": None,
}
NOT_LOOKS = frozenset(  # words of degree and quantity: modifiers that describe nobody
    """very quite really extremely slightly so too rather highly fairly incredibly more most several many few various
    multiple numerous other another same different such trending""".split()
)


def singular(noun: str) -> str:
    """ "Women" -> "woman", "police officers" -> "police officer": the singular in lower case, of nouns in general."""
    first, space, word = noun.lower().rpartition(" ")
    return first + space + _singular(word)


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("men") and word[:-3] + "man" in _ALL_NOUNS:
        return word[:-3] + "man"
    if word in _ALL_NOUNS or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")) or word[:-2] in _ALL_NOUNS and word[:-1] not in _ALL_NOUNS:
        return word[:-2]
    return word[:-1]


def is_plural(word: str) -> bool:
    """Whether the noun denotes several people: "doctors", "people", and collectives such as "team" or "couple"."""
    lower = word.lower()
    return singular(lower) != lower or lower in COLLECTIVES


def is_listed(noun: str) -> bool:
    """Whether a noun or compound is in the lists as it is: "police officers" is, "car mechanics" is not."""
    return singular(noun) in _ALL_NOUNS


def is_person(noun: str) -> bool:
    """Whether a noun, or the noun a compound ends in ("car mechanics"), names people; "face" counts, as somebody's."""
    named = is_listed(noun) or is_listed(noun.split()[-1])
    return named and singular(noun) not in NO_PEOPLE


def attribute_axis(word: str) -> str | None:
    """The axis on which an adjective or noun before a person noun states an attribute ("dark" -> "skin tone"), or None.

    Only to be asked of words that modify people: a black cat and a dark room state nothing about anyone.
    """
    lower = word.lower()
    if _YEARS.fullmatch(lower):
        return "age"
    if lower.rpartition("-")[2] in _TONES_OF_SKIN:
        return "skin tone"
    return next((axis for axis, words in ATTRIBUTES.items() if lower in words), None)


def stated_by_noun(noun: str) -> tuple[tuple[str, str], ...]:
    """(axis, word) that a person noun states by itself: "businesswoman" a gender, "boy" a gender and an age."""
    word = singular(noun)
    return tuple((axis, noun) for axis, nouns in (("gender", GENDERED), ("age", AGED)) if word in nouns)


def number(word: str) -> int | None:
    """ "two" -> 2, "2" -> 2, "a" -> 1; None for a word that is no number."""
    return int(word) if word.isdecimal() else NUMBERS.get(word.lower())


_SINGLE = {entry.rpartition(" ")[2] for entry in OCCUPATIONS} - _NOT_ALONE
_ALL_NOUNS = OCCUPATIONS | _SINGLE | PEOPLE | GENDERED
