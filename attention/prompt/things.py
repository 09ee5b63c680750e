"""What is not people although a person noun is in it: compounds, figures of a material, things that people's nouns name.

Lower case, singular.
"""

# Things whose name ends in a person noun.
COMPOUNDS = frozenset(
    " ".join(entry.split())
    for entry in """
    dream catcher, sun catcher, fly catcher, toy soldier, gingerbread man, gingerbread woman, stick man, stick figure, straw man, snow man, tin man, bogey man, green man,
    german shepherd, australian shepherd, shetland sheepdog, great dane, praying mantis, lady bug, king crab, king penguin,
    cleaning agent, bleaching agent, raising agent, dust collector, solar collector, data collector, flame thrower, snow thrower, best seller, ant eater, daddy long legs,
    ceiling fan, table fan, desk fan, electric fan, cooling fan, computer fan, hand fan, paper fan, folding fan, exhaust fan,
    record player, cd player, dvd player, mp3 player, music player, video player, media player, cassette player, tape player,
    vacuum cleaner, pool cleaner, pipe cleaner, air conditioner, hair dresser table, window cleaner robot, coffee maker,
    bread maker, ice maker, tea maker, pasta maker, pace maker, noise maker, card reader, book reader, e reader, screen reader,
    x-wing fighter, jet fighter, star fighter, tie fighter, space fighter, table runner, blade runner, road runner,
    garlic press, fire guard, mud guard, splash guard, shin guard, mouth guard, face guard, wrist guard, knee guard,
    chess king, chess queen, chess knight, chess bishop, chess pawn, chess master set, flight recorder, tape recorder,
    3d model, 3-d model, scale model, car model, train model, plane model, airplane model, aeroplane model, ship model, house model,
    clay model, paper model, model kit, plastic model, wooden model, architectural model, architecture model, role model,
    data model, language model, ai model, diffusion model, wire model, lego model, miniature model, mathematical model,
    action figure, lego figure, wax figure, clay figure, toy figure, geometric figure, plastic figure, paper figure,
    anime figure, wooden figure, stone figure, collectible figure, bronze figure, chess figure, game figure, pvc figure,
    talk show host, web host, general store, star captain, mushroom king, burger king, dairy queen, drag racer car,
    tour guide book, travel guide, style guide, field guide, buyers guide, color guide, colour guide, study guide, price guide,
    attorney general building, motor home builder, storage container, body builder machine, dish washer, steam cleaner,
    street cleaner machine, snow blower, leaf blower, hedge trimmer, wood worker bench, chess player robot, road roller,
    cookie cutter, paper cutter, glass cutter, bolt cutter, box cutter, pizza cutter, wire cutter, wine cooler, desk organizer,
    personal computer, robot vacuum cleaner, fire engine, pin boy, teddy boy, book keeper shelf, bar tender table, lawn mower,
    big brother, father time, mother nature, mother earth, father christmas hat, mother of pearl, mother board, mother ship,
    king prawn, king salmon, queen bee, monarch butterfly, swallowtail monarch, emperor penguin, emperor moth,
    lady finger, man o war, jack o lantern, angel food, human skull, human skeleton, human heart, human brain, human anatomy,
    guard dog, guard rail, lighthouse keeper house, gas carrier, aircraft carrier, personnel carrier, baby carrier, pet carrier,
    troop carrier, ski patrol, cat burglar mask, pac man, pac-man
    """.split(",")
)

# Nouns that make a figure of what follows: "a toy soldier", "chess queens"; and materials, "a bronze king".
TOYS = frozenset(
    """toy lego gingerbread snow straw plush papier-mache stuffed inflatable knitted crochet crocheted plasticine playdough
    marzipan animatronic robot robotic android skeleton wind-up nutcracker bobblehead funko amigurumi playmobil""".split()
)
MATERIALS = TOYS | frozenset(
    """wax plastic clay wooden porcelain ceramic bronze marble stone paper origami cardboard glass metal tin stick action felt
    chocolate ice sand lead pewter""".split()
)

# Nouns of things that a person noun before them describes: "firefighter helmet", "chef salad", "pilot light".
THINGS = frozenset(
    """goggles glasses sunglasses spectacles trousers pants scarf vest tie bowtie turban veil hood sandal sneaker jersey
    sweater hoodie backpack watch necklace hat helmet cap uniform costume outfit clothes clothing coat jacket shirt dress skirt robe gown suit apron boot shoe
    glove mask badge bag belt armor armour sword gear equipment tool knife axe wand staff broom crown throne tiara
    office room desk house home hut cabin cave castle tower shop store school academy hospital clinic station lounge
    bedroom bathroom restroom toilet quarters workshop studio kitchen table chair bed cradle crib stroller carriage
    car truck van bus ship boat bike bicycle cart wagon tractor plane airplane jet helicopter cockpit rocket lander
    salad soup sandwich pie cake cookie burger pizza special food formula milk powder knot bread
    statue statuette figurine figure doll puppet toy plush sculpture bust portrait photo photograph picture
    painting drawing illustration sketch poster print pattern logo icon emoji sticker symbol sign silhouette shape tattoo
    light lamp shark fish ant bee penguin crab seal bird butterfly beetle dog cat elephant bear horse lizard whale snake
    crossing zone union party club league match game tournament race court field ring stadium agency
    license certificate manual handbook guide book novel diary story comic magazine movie film show series theme style
    aesthetic design concept character sheet avatar skin job work career life day night week month hour shift strike
    bar pub cafe restaurant hotel inn market stall booth tent camp base ground cemetery memorial monument museum temple church
    shadow bones skeleton skull ashes blood brain x-ray computer robot model bot simulator training machine rights
    card cards chess piece pieces wheel tail tails proof friendly spider plant tree flower fern orchid rose rhododendron
    palm bottle blanket shower monitor oil train railway railroad aircraft log cobra booties onesie grand piano size king-size mattress hair beard haircut
    bench box lunch lunchbox mug pen notebook pass pod pillow mine well pit farm dummy menu grave tomb""".split()
)

# Animals and other things that have faces of their own: "a clock face", "a pumpkin with a face".
WITH_FACES = frozenset(
    """clock watch rock cliff mountain animal cat kitten dog puppy lion tiger bear wolf fox monkey gorilla ape chimpanzee owl
    bird horse cow pig sheep goat rabbit mouse rat panda koala elephant giraffe zebra frog fish shark snake dragon dinosaur
    emoji icon square triangle circle cube wall moon sun planet pumpkin snowman robot dice die doll teddy smiley coin type building cartoon
    alien skull skeleton monster ghost demon devil""".split()
)

# Animals that pictures dress as people: "a raccoon detective", "a panda mad scientist".
ANIMALS = frozenset(
    """animal cat kitten dog puppy lion tiger bear wolf fox monkey gorilla ape chimpanzee owl bird horse cow pig sheep goat
    rabbit bunny mouse rat panda koala elephant giraffe zebra frog toad fish shark snake dragon dinosaur raccoon racoon wombat
    squirrel hamster hedgehog badger beaver otter sloth llama alpaca kangaroo platypus penguin duck chicken rooster hen goose
    turkey eagle crow parrot lizard gecko turtle tortoise octopus lobster crab snail bee ant butterfly dolphin whale seal deer
    moose camel donkey pony bull buffalo leopard cheetah corgi poodle shiba inu capybara lemur mole ferret weasel walrus rhino
    hippo crocodile alligator ostrich flamingo pigeon swan velociraptor tyrannosaurus rex t-rex unicorn robot""".split()
)

# Who works with the animal named before: "dog trainer", "bird watcher".
ANIMAL_TRADES = frozenset(
    """trainer walker owner lover keeper breeder farmer hunter rider catcher groomer seller sitter handler herder whisperer
    tamer charmer watcher racer feeder driver shearer vet veterinarian rescuer photographer poacher dealer rancher
    jockey merchant vendor collector gatherer thrower""".split()
)

# Whose work is looked at is not there to be seen: "a landscape imagined by the artist".
MADE = frozenset(
    """art artwork painting painted drawn drawing design designed imagined made created illustrated illustration photographed
    photo photograph inspired composed envisioned rendered render sculpted sculpture carved built taken depicted signed written
    crafted sketched sketch portrait picture image print poster directed invented dreamed conceived produced shot styled
    engraved etched engraving watercolor watercolour mural poem song book novel film movie cover concept
    handmade sewn knitted woven decorated style captured filmed developed etching woodcut masterpiece work""".split()
)
