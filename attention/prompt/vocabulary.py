"""Words that the built-in parser knows by kind: function words, adjectives, verbs, nouns that look like neither.

Nouns are not listed: a word of which nothing is known is one.
"""

FUNCTION = {
    "det": """a an the this these those my his her their our your its some any no each every all several many few
    various multiple another other""",
    "prep": """of in on at by with without to from for near under over behind beside besides between among amid amidst against
    through into onto inside outside along alongside across around during before after above below off toward towards via like as
    next front beneath within upon about beyond past up down atop underneath throughout opposite versus vs aboard amongst out away-from
    facing""",
    "cc": "and or & nor plus but",
    "pronoun": """who that which whose whom he she they it we i you him them each themselves himself herself itself 
    what both""",
    "stop": "where when while because if then than",
    "be": "is are was were be been am being has have had",
    "adverb": """very quite really so too together well still just also not never always there here outdoors indoors outside
    alone away apart almost nearly about perhaps maybe even only once twice again ahead abroad upstairs downstairs 
    forward backward backwards slightly somewhat more most less least extremely highly super ultra """,
    "adjective": """happy sad angry tired poor rich old young tall short big small large tiny huge great good bad best
    beautiful pretty ugly handsome cute attractive exotic strong weak thin fat slim brave proud shy calm kind famous
    friendly lonely lovely elderly lively curly silly early holy busy lazy clean dirty wet dry hot cold warm cool
    red blue green yellow orange pink purple gray grey golden silver blond blonde bald modern ancient vintage new
    confident elegant pregnant innocent intelligent different important ambient excellent brilliant diverse serious
    productive emotional professional realistic detailed cinematic dramatic sharp soft dark bright quiet loud empty
    full red-haired main lone single other real fancy royal local rural urban digital front male female blind deaf
    muscular chubby skinny sick healthy injured wise evil gentle polite rude cheerful gloomy nervous scared sleepy
    hungry drunk naked asleep barefoot ragged wicked rugged sacred homeless masked hooded curious generic typical frail
    stern smug grim posh stout lean glum tense bold timid humble noble stoic aloof alert junior senior expert fellow
    skilled svelte sleek stoned suave coy sly mean nice fine rare raw pale tan fair light heavy deep high low long wide
    narrow broad thick slender petite plump burly stocky lanky gaunt hefty obese overweight athletic fit ripped buff
    sad-looking sullen somber sombre solemn pensive wistful melancholic melancholy anxious afraid awake alive ashamed
    absent-minded arrogant brash brutal casual chic classy clever clumsy cocky crazy creative crippled cruel cynical daring
    dead dear decent deft dense desperate devout diligent dim distant divine dull eager earnest eccentric efficient elite
    enormous epic erect exact extra extreme faint false favorite favourite fearless feisty fierce filthy firm flat fluffy fond foolish
    formal fragile frantic free fresh frosty fun funny furious futuristic gallant giant giddy gifted glad glamorous gleeful
    glossy gorgeous graceful grave greedy grimy gritty gross grumpy haggard hairy handy hard harsh hasty haughty hip hoarse
    honest humorous idle ill immense inner intense jolly jovial joyful joyous jubilant keen large-scale legendary
    little live loyal lucky lush mad magic magical magnificent majestic mature medium medieval meek menacing merry mighty mild minimal
    minimalist mischievous modest moody mute mysterious mystical naive natural naughty neat nerdy nimble nude obscure odd okay
    open opulent ordinary outer overjoyed passionate patient peaceful perfect pious plain playful pleasant poised
    popular precise pristine private profound proper public punk pure quaint quick quirky radiant random rapid ready rebellious
    regal relaxed reluctant remote respectable retired right left romantic rough round rowdy rusty sane sassy savage scary
    scrawny secret sensual serene severe sexy shabby shiny shirtless shocked shrewd sickly silent sinister skeptical slow
    smart smooth sober solitary sophisticated sore sour southern northern eastern western spare special sporty square stark
    stately steady steep stiff still strange strict striking stubborn studious stunning stupid sturdy stylish subtle successful
    sudden sunny superb sure surly surreal sweaty sweet swift tender terrible tough tranquil trendy tribal true unarmed
    unhappy unique unkempt unknown upset vague vain valiant vast vibrant vicious victorian vile virtual vivid vulnerable
    wary wealthy weary weird welcome wild willing wimpy wiry witty wonderful wooden wooly worthy wrinkly wrong
    albino youthful zealous anime abstract gothic baroque renaissance edwardian retro rustic nautical tropical arctic nocturnal
    nomadic orthodox catholic christian muslim hindu buddhist amish sikh atheist gay lesbian queer straight bisexual disabled
    nonbinary non-binary transgender trans androgynous feminine masculine middle-class working-class upper-class
    unemployed amateur pro part-time full-time teenage adult mid-age middle-aged olympic national international global
    imperial colonial civil foreign domestic daily top upright middle chief head deputy 
    former future past present current final first second third last next-door self-made world-class hard-working
    cyberpunk steampunk post-apocalyptic dystopian utopian sci-fi futurist human anthropomorphic lifelike lifesize life-size
    oversized tattooed freckled bearded bespectacled veiled turbaned blindfolded barechested bare-chested topless
    grizzled wizened wrinkled disheveled dishevelled bedraggled tanned sunburnt sunburned gloved helmeted armored armoured
    cloaked robed caped suited uniformed costumed caffeinated decorated seasoned experienced inexperienced renowned acclaimed
    beloved wounded exhausted excited bored amused surprised worried frightened terrified determined focused concentrated
    overworked underpaid tired-looking crowded deserted abandoned weathered battered worn-out well-known
    mixed common whole entire upbeat offbeat laid-back down-to-earth bright-eyed lonesome gruff brawny
    lithe limber agile robust frumpy dapper debonair genteel wan ashen ruddy rosy swarthy hirsute clean-shaven unshaven
    absurd adorable blissful candid carefree charismatic charming cozy cosy dazzling dreamy enigmatic
    ethereal exuberant flamboyant flawless genius hilarious iconic imposing inspiring intimidating intricate joyless lifeless
    nostalgic ominous ornate photogenic photorealistic quizzical resilient sorrowful spirited splendid tearful thoughtful
    triumphant unassuming whimsical zen""",
    "noun": """painting building drawing clothing lighting evening morning ceiling wedding king ring string thing wing
    spring sibling being railing setting rendering sewing dining living swimming engraving meeting bedding bed shed
    red-carpet seed weed field family assembly supply city hospital body lady baby party library factory laboratory
    secretary story celebrity community deity army navy attorney key monkey money turkey day animal metal journal
    pastry pharmacy country grocery dairy security delivery nursery bakery history utility agency charity military
    festival capital terminal arrival metropolis crystal pedal medal fishing boxing cooking skating skiing gardening
    camping hiking cycling diving sledding parking training shopping traveling washing landing offering
    duckling gosling stocking earring pudding icing frosting dumpling darling sterling viking kid candy berry cherry
    strawberry blueberry fairy daisy lily ivy penny pony puppy kitty bunny teddy daddy mommy granny buddy hobby lobby
    belly jelly valley alley trolley chimney journey honey kidney volley hockey jockey whiskey donkey jersey
    century memory gallery surgery battery ferry cemetery territory trophy geography photography choreography biography
    philosophy therapy energy strategy technology biology geology archaeology psychology theology astronomy economy academy
    academic enemy colony balcony ceremony harmony symphony university society variety property poverty liberty beauty
    duty county bounty novelty royalty penalty casualty specialty gravity cavity activity facility identity personality
    music magic fabric public clinic picnic mechanic critic comic topic traffic plastic attic arctic logic panic
    skeptic medic relic tunic mosaic garlic cathedral cereal
    mineral carnival canal signal pal gal meal deal seal general admiral cardinal corporal marshal funeral portal
    rental recital rehearsal musical chemical individual professional criminal intellectual rival coal goal official oval
    table cable vegetable fable stable marble bubble bible couple people apple temple turtle bottle castle cattle
    battle saddle candle bundle needle riddle noodle poodle eagle angle jungle triangle rectangle bicycle motorcycle
    vehicle article circle uncle muscle obstacle icicle archive olive dive hive drive wive detective native executive
    relative representative locomotive knife wife life dish fish wish brush bush radish polish varnish flesh mesh
    salad ballad bread thread head sled reed hundred seaweed tumbleweed cactus circus campus bus
    virus octopus hippopotamus walrus chorus apparatus costume disguise dress glass grass class boss cross moss brass
    princess actress waitress hostess mattress fortress business witness harness wilderness darkness chess success
    statue venue avenue revenue rescue physique boutique technique antique mosque cheque plaque barbecue
    drum bass cello harp sign screen""",
    "verb": """stand sit walk run smile laugh talk look hold wear read write work play cook eat drink dance sing paint
    pose wait ride drive treat help teach examine operate cut fix carry point jump sleep cry hug kiss wave watch discuss
    meet make prepare take give serve show use open push pull throw catch bake build clean sell buy repair check
    perform study speak listen lean kneel climb swim fly chase feed wash greet argue shake lift cheer gather
    say tell ask answer go come get put set let keep leave see hear feel think know want need try seem appear become begin
    start stop finish turn move rest relax nap dream stare gaze glance peek peer squint wink blink nod bow grin frown shout
    yell scream whisper chat gossip joke giggle weep sob sigh yawn sneeze cough breathe blow whistle hum clap applaud
    stretch bend crouch squat crawl creep tiptoe hike stroll march jog sprint race skip hop leap dive splash float row paddle
    surf ski skate skateboard snowboard bike cycle pedal sail steer navigate park travel commute explore wander
    harvest plant plow plough sow water mow rake dig shovel prune pick milk herd shear brew pour stir mix knead
    chop slice dice peel grate grill roast fry boil taste sip bite chew lick swallow munch nibble
    draw sketch sculpt carve mold mould weld hammer saw drill sand polish sew knit weave embroider stitch iron fold
    photograph film record edit type code program design plan present lecture explain instruct train coach guide lead
    follow defend attack fight punch kick wrestle duel shoot aim fire guard patrol protect rescue save arrest inspect
    search investigate interrogate question interview report announce broadcast preach pray bless worship meditate chant
    celebrate toast dine feast order pay count measure weigh deliver load unload pack unpack wrap tie button zip
    brush comb braid shave trim style groom dress undress bathe shower scrub sweep mop vacuum dust tidy
    install assemble dismantle adjust tighten plug connect charge power launch land orbit pilot captain
    juggle conjure balance tumble swing spin twirl hang dangle slide roll bounce dribble pitch bat hit strike score
    compete win lose cheat hide seek steal rob escape flee hunt fish trap release
    own borrow lend share offer receive accept reject sign stamp mail send post vote protest demonstrate
    console comfort embrace cuddle cradle nurse pat pet stroke tickle scold praise thank congratulate
    stumble fall trip slip sink drown burn bleed suffer die live exist belong""",
    "participle": """worn seen made built lit drawn broken held taken shown written surrounded sitting standing wearing
    clad left lost stuck hidden torn shot known driven ridden thrown eaten given carved woven sewn grown dressed seated""",
    "past": """stood sat wore rode drove held ran sang swam wrote read ate drank threw caught taught fought bought brought thought
    sold told said saw took gave made went came got put led fed met kept slept wept swept knelt leapt dealt felt left lost
    built sent spent bent lent blew flew grew knew drew wove spoke broke woke stole chose rose froze shook
    hid bit slid hung swung spun won began became fell lay laid paid shot lit dug stuck struck tore swore""",
}
KIND = {word: kind for kind, words in reversed(FUNCTION.items()) for word in words.split()}
KIND |= {word: "verb" for word in FUNCTION["past"].split() if KIND.get(word) in (None, "past")}
BASE_VERBS = frozenset(FUNCTION["verb"].split())
PAST = frozenset(FUNCTION["past"].split())
POSSESSIVES = frozenset("my your his her our their".split())  # those of people; "its" is a thing's
FINITE = BASE_VERBS | PAST | {form for verb in BASE_VERBS for form in (verb + "s", verb + "es")}
FINITE |= {verb[:-1] + "ies" for verb in BASE_VERBS if verb.endswith("y")}
NOUN_ENDS = tuple("ity ment tion sion ness ism ship ology ography".split())
ADJECTIVE_ENDS = tuple("ful ous ive able ible less ish ic al ed ese some like esque iest y".split())
# What a noun phrase cannot go on with; "" is the prompt's end.
PHRASE_ENDS = ("", ",", ".", ";", ":", "and", "or", "!", "?", ")", "(", "-", "–", "—", "&")
