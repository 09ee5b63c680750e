"""Words by which a prompt states where people or their ancestors are from: all on the axis that the papers call race.

Adjectives of the countries of the world, of regions and peoples, and the broad terms that prompts use. Lower case. They
say how a prompt names people, not what anybody is.
"""

COUNTRIES = frozenset(
    """korean basotho bosniak herzegovinian vincentian tomean papuan afghani afghan albanian algerian american andorran angolan antiguan argentine argentinian armenian australian austrian
    azerbaijani azeri bahamian bahraini bangladeshi barbadian bajan belarusian belgian belizean beninese bhutanese
    bolivian bosnian botswanan brazilian british bruneian bulgarian burkinabe burmese burundian cambodian cameroonian
    canadian chadian chilean chinese colombian comorian congolese croatian cuban cypriot czech czechoslovak danish
    djiboutian dominican dutch ecuadorian ecuadorean egyptian emirati english equatoguinean eritrean estonian swazi
    eswatini ethiopian fijian finnish french gabonese gambian georgian german ghanaian greek grenadian guatemalan
    guinean guyanese haitian honduran hungarian icelandic indian indonesian iranian iraqi irish israeli italian ivorian
    jamaican japanese jordanian kazakh kazakhstani kenyan kittitian kosovar kosovan kuwaiti kyrgyz lao laotian latvian
    lebanese liberian libyan liechtensteiner lithuanian luxembourgish macedonian malagasy malawian malaysian maldivian
    malian maltese marshallese mauritanian mauritian mexican micronesian moldovan monegasque mongolian montenegrin
    moroccan mozambican myanmar namibian nauruan nepalese nepali nicaraguan nigerian nigerien norwegian omani pakistani
    palauan palestinian panamanian paraguayan peruvian filipino filipina philippine polish portuguese qatari romanian
    russian rwandan salvadoran salvadorean samoan sammarinese saudi scottish senegalese serbian seychellois singaporean
    slovak slovakian slovene slovenian somali somalian spanish sudanese surinamese swedish swiss syrian taiwanese tajik
    tanzanian thai timorese togolese tongan trinidadian tunisian turkish turkmen tuvaluan ugandan ukrainian uruguayan
    uzbek vanuatuan venezuelan vietnamese welsh yemeni yemenite yugoslav zambian zimbabwean greenlandic faroese
    bermudian tahitian kurdish tibetan uyghur catalan basque sicilian breton flemish cornish""".split()
)
PEOPLES = frozenset(
    """black white brown asian african european caucasian hispanic latino latina latinx latine arab arabic arabian persian
    jewish romani roma native indigenous aboriginal mestizo mestiza mulatto creole biracial multiracial interracial
    multiethnic polynesian melanesian oceanian scandinavian nordic slavic baltic balkan celtic germanic iberian
    mediterranean andean amazonian caribbean eurasian amerasian maghrebi berber amazigh bedouin tuareg maasai masai
    zulu xhosa yoruba igbo hausa ashanti fulani swahili bantu maori māori hawaiian inuit eskimo sami navajo cherokee sioux
    lakota apache hopi mayan aztec incan quechua punjabi bengali tamil telugu gujarati marathi sikh pashtun hmong han
    manchu okinawan ainu javanese balinese cantonese sinhalese malay tatar chechen chicano chicana desi anglo
    levantine anatolian siberian texan californian parisian""".split()
)
ORIGINS = COUNTRIES | PEOPLES
# Nouns only, singular: "a Swede", "two Scots".
NATIVES = frozenset(
    """swede dane spaniard turk finn scot briton brit serb croat kurd jew icelander aussie netherlander londoner parisienne
    luxembourger berliner muscovite argentinean highlander inuk gypsy filipina easterner westerner southerner northerner
    laplander greenlander dubliner sydneysider yorkshireman azerbaijanian""".split()
)
OF_WOMEN = frozenset("latina filipina chicana mestiza parisienne".split())  # which state a gender too
COLOURS = frozenset("black white brown".split())  # origins of people, colours of everything else

# Entries of several words; besides these, a word of _BEFORE with an origin: "East Asian", "African American".
_SEVERAL = frozenset(
    entry.strip()
    for entry in """pacific islander, sri lankan, new zealander, new zealand, puerto rican, costa rican, cape verdean,
    el salvadoran, sierra leonean, saint lucian, papua new guinean, solomon islander, middle eastern, middle easterner,
    far eastern, near eastern, first nations, mixed race, mixed ethnicity, mixed heritage, multi racial, multi ethnic,
    bi racial, non white, saudi arabian, hong kong, torres strait islander, burkina faso""".split(",")
)
# Names of the countries, for "from Nigeria"; those of several words lower case too.
NAMES = frozenset(
    " ".join(name.split())
    for name in """
    afghanistan, albania, algeria, andorra, angola, argentina, armenia, australia, austria, azerbaijan, bahrain, bangladesh,
    barbados, belarus, belgium, belize, benin, bhutan, bolivia, bosnia, botswana, brazil, brunei, bulgaria, burkina faso, burma,
    burundi, cambodia, cameroon, canada, cape verde, chad, chile, china, colombia, congo, costa rica, croatia, cuba, cyprus,
    czechia, denmark, djibouti, dominica, ecuador, egypt, el salvador, england, eritrea, estonia, eswatini, ethiopia, fiji,
    finland, france, gabon, gambia, georgia, germany, ghana, greece, greenland, grenada, guatemala, guinea, guyana, haiti,
    honduras, hong kong, hungary, iceland, india, indonesia, iran, iraq, ireland, israel, italy, ivory coast, jamaica, japan,
    jordan, kazakhstan, kenya, kiribati, korea, kosovo, kuwait, kyrgyzstan, laos, latvia, lebanon, lesotho, liberia, libya,
    liechtenstein, lithuania, luxembourg, madagascar, malawi, malaysia, maldives, mali, malta, mauritania, mauritius, mexico,
    micronesia, moldova, monaco, mongolia, montenegro, morocco, mozambique, myanmar, namibia, nauru, nepal, netherlands,
    new zealand, nicaragua, niger, nigeria, north korea, north macedonia, norway, oman, pakistan, palau, palestine, panama,
    papua new guinea, paraguay, peru, philippines, poland, portugal, puerto rico, qatar, romania, russia, rwanda, saint lucia,
    samoa, san marino, saudi arabia, scotland, senegal, serbia, seychelles, sierra leone, singapore, slovakia, slovenia,
    solomon islands, somalia, south africa, south korea, south sudan, spain, sri lanka, sudan, suriname, sweden, switzerland,
    syria, taiwan, tajikistan, tanzania, thailand, tibet, timor, togo, tonga, trinidad, tunisia, turkey, turkmenistan, tuvalu,
    uganda, ukraine, united arab emirates, united kingdom, united states, uruguay, uzbekistan, vanuatu, venezuela, vietnam,
    wales, yemen, zambia, zimbabwe, africa, asia, europe, east africa, west africa, north africa, east asia, south asia,
    southeast asia, central asia, latin america, south america, central america, the caribbean, the middle east, eastern europe,
    scandinavia""".split(",")
)
_BEFORE = ORIGINS | frozenset(
    """north south east west central northern southern eastern western southeast southwest northeast northwest
    southeastern southwestern northeastern northwestern middle far native latin afro anglo sino indo euro half part pan
    saudi sub saharan""".split()
)
_AFTER = frozenset("born descended looking".split())  # "Chinese-born"


def is_origin(text: str) -> bool:
    """Whether a word or words say where people are from: "Ukrainian", "East Asian", "Japanese-American", "mixed-race"."""
    words = text.lower().replace("-", " ").split()
    if len(words) == 1:
        return words[0] in ORIGINS
    if len(words) > 1 and words[-1] in _AFTER:
        return is_origin(" ".join(words[:-1]))
    together = words and words[-1] in ORIGINS - COLOURS and all(word in _BEFORE for word in words[:-1])
    return bool(together) or " ".join(words) in _SEVERAL
