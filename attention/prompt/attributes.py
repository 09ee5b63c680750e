"""Words by which a prompt states an attribute of people: gender, race, skin tone, age.

The lists say which words of a prompt state an attribute, nothing about people. All lower case.
"""

import re

from .origins import COLOURS, is_origin

_ADJECTIVES: dict[str, frozenset[str]] = {
    "gender": frozenset(
        """male female masculine feminine nonbinary non-binary transgender trans genderqueer genderfluid agender androgynous
        man woman men women boy girl lady""".split()
    ),
    "skin tone": frozenset(
        """pale tan tanned light-skinned fair-skinned pale-skinned brown-skinned dark-skinned tan-skinned olive-skinned
        black-skinned white-skinned medium-skinned""".split()
    ),
    "age": frozenset(
        """young old elderly aged middle-aged teenage teen preteen pre-teen adult younger older little youthful ageing aging
        geriatric juvenile underage newborn infant adolescent octogenarian nonagenarian centenarian sexagenarian
        septuagenarian grown mature senior""".split()
    ),
}
# What is said of skin when skin is named: a fair judge states nothing.
TONES = frozenset(
    "light fair dark pale tan tanned brown black white olive medium deep ebony ivory golden bronze".split()
)
# Two of them are also said of people themselves ("two dark cooks"), but for those of stories and of lighting.
_OF_PEOPLE = frozenset({"dark", "light"})
_OF_STORIES = frozenset(
    """knight wizard lord lady elf mage witch sorcerer sorceress warlock necromancer prince princess queen king emperor angel
    god goddess deity priest priestess rider warrior hunter assassin fairy rogue ranger paladin hero villain jedi master
    figure silhouette stranger shadow designer technician artist operator infantryman cavalryman""".split()
)
_SKINNED = frozenset("skinned complexioned toned".split())
_OF_SKIN = frozenset("skin skintone complexion".split())
_OF_GENDER = frozenset("gender sex".split())
_OF_RACE = frozenset("race ethnicity descent heritage origin ancestry nationality".split())
_ALSO_OF_PICTURES = frozenset("background feature".split())  # "a white background" is nobody's
TRAITS = _OF_SKIN | _OF_GENDER | _OF_RACE | _ALSO_OF_PICTURES

YEARS = re.compile(  # an age in years, which the parsers are to see as one word: "30 years old", "thirty-year-old"
    r"\b(?:aged? \d{1,3}\b|(?:\d{1,3}|[a-z]+(?:ty|een|ten|one|two|three|four|five|six|seven|eight|nine|twelve|eleven)(?:-\w+)?)"
    r"[ -]?(?:(?:years?|yrs?|y)[ .-]{0,2}(?:old|o\b\.?)|yo\b|y/o\b))",
    re.IGNORECASE,
)

# Nouns before which an attribute word says something else: how long one has been a friend, which rank one has.
_OLD_TIES = frozenset(
    """friend colleague classmate schoolmate acquaintance comrade flame pal buddy mate neighbor neighbour rival enemy
    partner boss master""".split()
)
# "senior" is an age of these only, a rank of anybody else.
_ELDERS = frozenset("citizen man woman lady gentleman couple person people adult male female resident".split())
# Words an attribute is about instead of the person: "white haired", "black clad", "old school".
_LOOKS = frozenset(
    """haired eyed bearded clad dressed robed suited gloved coated hatted armored armoured caped hooded shirted furred
    feathered winged leather lace velvet satin denim silk cotton wool suit dress shirt coat jacket robe uniform jeans
    trousers shoes boots gown apron tie""".split()
)
_OLD = frozenset("school world fashioned style care".split())
# What has an origin of its own, so that an origin before it is not the person's: "Chinese restaurant owner".
_OF_ORIGIN = frozenset(
    """restaurant food cuisine language literature history studies wine beer tea coffee cheese vodka whiskey bread pizza pasta
    sushi curry noodle mythology philosophy poetry folklore architecture chocolate porcelain lacquer cinema embassy consulate flag bazaar rug carpet car renaissance
    revolution shepherd mastiff bulldog terrier spaniel setter hound retriever pony""".split()
)
# Names of two words; a capital ("Black market trader") says that the person is meant.
_NAMES = frozenset(
    tuple(name.split())
    for name in """black market; black belt; black cab; black tie; black magic; black metal; black knight; black sheep; black hat;
    black ops; black friday; black widow; black mage; black witch; black wizard; black ninja; black pawn; black bishop; black rook; white collar; white knight; white house; white water; white hat; white mage; white witch; white wizard; white pawn; white rook;
    white bishop; brown belt; brown bag; brown bear; polar bear; blue collar""".split(";")
)
_NAMES_OF_ORIGIN = frozenset(
    tuple(name.split())
    for name in """american football; australian football; gaelic football; french horn; english horn; spanish guitar; english teacher;
    english tutor; english professor; english major; latin teacher; latin dancer; thai boxing; thai boxer; thai massage;
    swedish massage; irish dance; irish dancer; turkish bath; greek wrestling; indian chief; russian roulette; roman soldier;
    roman legionary; roman centurion; mexican wave; dutch master; french press; swiss army; swiss guard""".split(";")
)


def attribute_axis(word: str, following: str = "", title: bool = False) -> str | None:
    """The axis on which a word before a person noun states an attribute ("elderly" -> "age"), or None.

    following: the singular of the next word, which may show that something else is meant: "black market trader", "old
    friend"; title: it begins an occupation ("tea picker"), and has no origin by itself. Only to be asked of words that modify people: a black cat states nothing about anyone.
    """
    lower, after = word.lower(), following.lower()
    if after in _LOOKS or word.islower() and {(lower, after), (lower, f"{after}s")} & _NAMES:
        return None
    if YEARS.fullmatch(lower):
        return "age"
    if "-" in lower and lower.rpartition("-")[2] in _SKINNED or lower in TONES and after in _SKINNED:
        return "skin tone"
    if lower in _OF_PEOPLE:
        return None if after in _OF_STORIES else "skin tone"
    if is_origin(lower):
        elsewhere = lower not in COLOURS and after in _OF_ORIGIN and not title or (lower, after) in _NAMES_OF_ORIGIN
        return None if elsewhere else "race"
    axis = next((axis for axis, words in _ADJECTIVES.items() if lower in words), None)
    if axis == "age" and (
        lower in ("old", "older") and after in _OLD_TIES | _OLD or lower == "senior" and after not in _ELDERS
    ):
        return None
    return axis


def trait_axis(word: str, trait: str) -> str | None:
    """The axis that a word states of a trait that is named: "dark" of "skin", "African" of "descent"."""
    lower, trait = word.lower(), trait.lower()
    axis = attribute_axis(word)
    if trait in _OF_SKIN:
        return "skin tone" if lower in TONES or lower.rpartition("-")[2] in _SKINNED else axis
    if trait in _OF_GENDER:
        return axis if axis == "gender" else None
    return axis if axis == "race" and (trait in _OF_RACE or lower not in COLOURS) else None
