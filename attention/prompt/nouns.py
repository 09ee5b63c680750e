"""Nouns of people besides occupations, of faces and pictures, and nouns that keep people from being seen.

Singular, lower case. The lists say which words prompts use of people, nothing about people.
"""

PEOPLE = frozenset(
    """adolescent adult alumnus ancestor antagonist applicant arrival audience baby bachelor bassist beginner believer beloved
    bloke boss boyband bride brother-in-law bully bystander candidate casualty celebrity champion chap chaperone character child
    choir citizen civilian classmate clergy client collaborator colleague companion comrade consumer contestant convict
    couple cousin coworker co-worker creative crew criminal crowd customer daughter-in-law debutante defendant
    demonstrator descendant donor dweller elder employee employer enthusiast everyone ex expat expert face
    family farmhand father-in-law fella fellow fiance fiancee fighter foe foreigner founder friend fugitive genius godfather
    godmother graduate grandchild grandparent great-grandmother great-grandfather grown-up guest guru hedonist heir
    heretic hero hiker hippie hipster homeowner honoree hostage human immigrant inhabitant individual infant
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
    weightlifter powerlifter bodybuilder pentathlete decathlete marathoner hurdler wrestler boxer kickboxer
    goalie striker quarterback batsman wicketkeeper linebacker shortstop benchwarmer orchestra squad ensemble platoon battalion militia cavalry congregation entourage committee quadruplet quintuplet nonagenarian centenarian sexagenarian schooler preschooler kindergartner
    biker beatboxer grandmaster paratrooper geek jock saint trooper buccaneer pioneer earthling
    spellcaster necromancer paladin enchantress swashbuckler pharisee gentile disciple apostle monarch sage""".split()
)
# Nouns that state a gender: person nouns and attributes at once. Not here: titles used of anyone (actor, waiter, maid),
# which state too little to count as the user's choice.
GENDERED = frozenset(
    """man boy gentleman guy lad dude bloke chap father dad daddy papa grandfather grandpa granddad son grandson brother uncle
    nephew husband boyfriend bridegroom groom king prince duke emperor baron lord sir businessman policeman fireman salesman
    cameraman mailman postman fisherman craftsman clergyman foreman handyman sportsman spokesman chairman congressman
    doorman cowboy schoolboy groomsman bachelor male stepfather stepson stepbrother godfather father-in-law son-in-law
    brother-in-law archduke viscount abbot godson headmaster schoolmaster friar newsboy stableboy monk nobleman statesman stuntman milkman horseman swordsman tradesman boatman footman
    woman girl lady gal mother mom mommy mum mama grandmother grandma granny daughter granddaughter sister aunt auntie niece
    wife girlfriend bride queen princess duchess empress baroness dame nun actress waitress businesswoman policewoman
    firewoman saleswoman camerawoman fisherwoman craftswoman sportswoman spokeswoman chairwoman congresswoman cowgirl
    hostess ballerina schoolgirl bridesmaid stewardess heroine witch housewife female stepmother stepdaughter stepsister
    godmother huntress sultana tsarina abbess archduchess viscountess maharani handmaiden headmistress schoolmistress
    matron lassie goddaughter shopgirl salesgirl dairymaid housemaid nursemaid villainess mother-in-law daughter-in-law sister-in-law widow widower noblewoman stateswoman stuntwoman horsewoman
    swordswoman tradeswoman priestess sorceress mermaid milkmaid barmaid chambermaid governess matriarch
    patriarch landlady landlord seductress showgirl countess count marquis maiden damsel lass bachelorette""".split()
)
AGED = frozenset(
    """adolescent baby boy child elder girl infant kid lad lass schoolboy schoolgirl senior teen teenager tween toddler newborn
    youngster youth grandfather grandpa granddad grandmother grandma granny grandparent octogenarian septuagenarian
    nonagenarian centenarian sexagenarian preschooler kindergartner schoolchild
    pensioner adult tot juvenile grown-up""".split()
)
COLLECTIVES = frozenset(
    """audience band choir couple crew crowd family jury staff team troop posse royalty clergy gentry townsfolk folk orchestra
    squad ensemble platoon battalion militia cavalry congregation entourage committee quartet quintet sextet party group""".split()
)
# Those that one belongs to: "the captain of a team" names nobody besides.
BODIES = COLLECTIVES - frozenset("audience couple crowd family posse royalty townsfolk folk group party".split())
# Nouns for others than people too: people only where something else in the prompt says so (evidence.py).
WEAK = frozenset("figure fan server character band".split())
GENERIC = frozenset(
    "man woman boy girl male female person guy lady gentleman adult child human individual people".split()
)
# Nouns that are verbs as often: "a man cooks dinner".
ALSO_VERBS = frozenset(
    "coach cook fan general guard guide host judge model nurse pilot scout star captain train".split()
)
# How long or why one does what is named after: "veteran detective", "volunteer firefighter".
STANDING = frozenset(
    "veteran volunteer rookie expert novice fellow amateur professional celebrity civilian immigrant".split()
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
LIKENESSES = frozenset("statue statuette sculpture bust figurine minifigure doll puppet monument mannequin".split())
# "a statue of a soldier", "the office of a doctor", "in the style of a painter": nobody to be seen.
NOT_THE_PEOPLE = LIKENESSES | frozenset(
    """figure scarecrow toy costume uniform helmet hat
    mask office house home room desk shop car grave tomb style manner absence history logo emoji symbol icon sign work works
    story tale legend book lack need role shape form version""".split()
)
NOT_LOOKS = frozenset(  # words of degree and quantity: modifiers that describe nobody
    """very quite really extremely slightly so too rather highly fairly incredibly more most several many few various
    multiple numerous other another same different such trending""".split()
)
