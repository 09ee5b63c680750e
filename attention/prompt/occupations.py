"""What people are called by what they do: occupations and roles, singular, lower case, commas between.

Titles after the groups of ISCO-08 and SOC (titles are facts), after those that the papers on bias use (Fair Diffusion,
SD-EI, UCE, WinoBias), and others that prompts use. The last word of an entry also counts alone, unless NOT_ALONE has it.
"""

_TITLES = """
    accountant, account manager, activist, actor, actuary, acupuncturist, administrator, administrative assistant,
    adventurer, advertising executive, adviser, advisor, aerospace engineer, agricultural worker, agronomist, aide,
    air conditioning installer, air hostess, air traffic controller, airline pilot, aircraft mechanic, alchemist,
    ambassador, ambulance driver, anaesthetist, analyst, anatomist, anchorman, anchorwoman, anesthesiologist,
    animal trainer, animator, announcer, anthropologist, antiquarian, apothecary, apprentice, appraiser, arborist,
    archaeologist, archbishop, archer, architect, archivist, art dealer, art director, art historian, art teacher,
    artisan, artist, assassin, assembler, assembly line worker, assessor, assistant, astrologer, astronaut, astronomer,
    astrophysicist, athlete, attendant, attorney, au pair, auctioneer, audiologist, auditor, author, auto mechanic,
    aviator, babysitter, bailiff, baker, ballet dancer, ballerina, ballroom dancer, band leader, bandit, bank clerk,
    bank robber, bank teller, banker, barbarian, barber, bard, barista, barkeeper, barmaid, barman, barrister, bartender,
    baseball player, basket weaver, basketball coach, basketball player, bassist, battalion commander, beautician,
    beekeeper, beggar, bellboy, bellhop, biathlete, biochemist, biologist, bishop, blacksmith, blogger, boatman,
    bodybuilder, bodyguard, boilermaker, bomb disposal expert, bookbinder, bookkeeper, bookmaker, bookseller, bosun,
    botanist, bouncer, bowler, boxing champion, brewer, bricklayer, bridge builder, broadcaster, broker, builder,
    building inspector, bullfighter, bureaucrat, burglar, bus conductor, bus driver, busboy, business analyst,
    business executive, business owner, businessman, businessperson, businesswoman, busker, butcher, butler, buyer,
    cab driver, cabbie, cabin crew member, cabinet maker, cabinetmaker, calligrapher, camera operator, cameraman,
    campaigner, captain, cardinal, cardiologist, cardiothoracic surgeon, care assistant, care worker, career counselor,
    caregiver, caretaker, caricaturist, carer, carpenter, carpet fitter, cartographer, cartoonist, casino dealer,
    cashier, caterer, cattle rancher, cavalryman, cellist, centurion, ceo, ceramicist, chairman, chairperson,
    chairwoman, chambermaid, champion, chancellor, chandler, chaplain, chauffeur, cheerleader, cheesemaker, chef,
    chemical engineer, chemist, chess master, chess player, chief, chief executive, chief executive officer,
    child actor, childcare worker, childminder, chimney sweep, chiropodist, chiropractor, choirboy, choirmaster,
    choreographer, circus performer, city planner, civil engineer, civil servant, claims adjuster, claims appraiser,
    clarinetist, cleaner, cleaning lady, clergyman, clergywoman, clerk, climate scientist, climber, clinician, clockmaker,
    clothing designer, clown, club owner, co-pilot, coach, coachman, coal miner, coast guard officer, cobbler,
    college professor, college student, colonel, columnist, comedian, commander, commando, commentator, commissioner,
    community manager, commuter, company director, compliance officer, composer, computer engineer,
    computer programmer, computer scientist, computer support specialist, computer systems analyst,
    computer technician, concierge, concert pianist, conductor, confectioner, congressman, congresswoman, conjurer,
    conquistador, conservationist, constable, construction manager, construction worker, constructor, consul,
    consultant, content creator, contractor, contortionist, cook, coppersmith, copywriter, coroner, corporal,
    corporate executive, correctional officer, correspondent, cosmetologist, cosmonaut, cosplayer, costume designer,
    councillor, councilman, councilwoman, counsellor, counselor, courier, court reporter, courtesan, courtier, cowboy,
    cowgirl, cowherd, coxswain, craftsman, craftsperson, craftswoman, crane operator, credit counselor, cricketer,
    crime scene investigator, critic, crossing guard, crusader, cryptographer, curator, customer service agent,
    customer service representative, customs officer, cyclist, dairy farmer, dance instructor, dance teacher, dancer,
    danseur, data analyst, data engineer, data entry clerk, data entry keyer, data scientist, day laborer, dealer, dean,
    debt collector, deckhand, decorator, delivery driver, delivery man, delivery person, delivery worker, demolition worker,
    dental assistant, dental hygienist, dental nurse, dental surgeon, dental technician, dentist, deputy,
    deputy sheriff, dermatologist, designer, detective, developer, dictator, dietician, dietitian, digger, diplomat,
    director, disc jockey, dishwasher, dispatcher, diver, dj, doctor, dog groomer, dog trainer, dog walker, doorman,
    draftsman, draftsperson, dressmaker, drill sergeant, driver, driving instructor, druid, drummer, drywall installer,
    duelist, dungeon master, ecologist, economist, editor, educator, electrical engineer, electrician,
    electronics technician, elementary school teacher, emergency medical technician, emt, endocrinologist, engineer,
    engine driver, engraver, entertainer, entomologist, entrepreneur, environmentalist, epidemiologist, equestrian,
    estate agent, estimator, evangelist, event planner, examiner, excavator operator, executioner, executive,
    executive assistant, exorcist, explorer, exterminator, fabricator, facilities manager, factory worker, falconer,
    family doctor, farm worker, farmer, farmhand, farmworker, fashion designer, fashion model, fast food worker,
    fencer, ferryman, field marshal, fighter pilot, figure skater, file clerk, film director, film producer, filmmaker,
    financial advisor, financial analyst, financial manager, fire chief, fire fighter, fire inspector, fire marshal,
    firefighter, fireman, firewoman, fish farmer, fisher, fisherman, fisherwoman, fishmonger, fitness coach,
    fitness instructor, fitter, flamenco dancer, flautist, flight attendant, flight engineer, flight instructor,
    floor manager, floor tiler, florist, flower girl, flower seller, flutist, food critic, food vendor, football coach,
    football player, footballer, footman, foreman, forensic scientist, forensic technician, forest ranger, forester,
    forewoman, forklift driver, forklift operator, fortune teller, foster parent, freelancer, friar, fruit picker,
    fruit seller, funeral director, furniture maker, game designer, game developer, gamekeeper, gamer, gangster,
    garbage collector, garbage man, gardener, gas station attendant, gatekeeper, general, general practitioner,
    geneticist, geographer, geologist, geophysicist, gladiator, glass blower, glassblower, glazier, goalkeeper, goatherd,
    goldsmith, golfer, gondolier, governess, governor, graduate, graduate student, grandmaster, graphic artist,
    graphic designer, grave digger, gravedigger, grocer, groundskeeper, guard, guardian, guardsman, guitarist, gunman,
    gunsmith, gymnast, gynaecologist, gynecologist, hacker, haematologist, hairdresser, hairstylist, handyman, harbor master,
    harpist, hatmaker, head chef, head cook, head nurse, head of state, head teacher, headmaster, headmistress, healer,
    health inspector, health technician, healthcare professional, healthcare worker, heart surgeon,
    heavy equipment operator, helicopter pilot, herald, herbalist, herder, herdsman, hermit, high school student,
    high school teacher, historian, hitman, hockey player, home health aide, homemaker, horse rider, horse trainer,
    horticulturist, hospital porter, host, hostess, hotel clerk, hotel manager, hotel receptionist, hotelier, househusband,
    housekeeper, housemaid, house painter, housewife, huntsman, hunter, hydrologist, hygienist, hypnotist, ice hockey player,
    ice skater, illusionist, illustrator, imam, immigration officer, immunologist, imposter, impresario,
    industrial designer, industrial engineer, industrialist, inspector, installer, instructor, insurance agent,
    insurance broker, interior decorator, interior designer, interpreter, interviewer, inventor, inventory clerk,
    investigator, investment banker, investor, ironworker, it specialist, jailer, janitor, jazz musician,
    jazz singer, jester, jeweler, jeweller, jewelry designer, jewelry maker, jockey, joiner, journalist, judge, judoka,
    juggler, junior doctor, jurist, juror, karateka, keyboardist, keyer, kickboxer, kindergarten teacher,
    knife grinder, knight, lab assistant, lab technician, laboratory assistant, laboratory technician, laborer,
    labourer, lacemaker, landlady, landlord, landowner, landscape architect, landscaper, language pathologist,
    language teacher, laundress, law enforcement officer, lawmaker, lawyer, leatherworker, lecturer, legal assistant,
    legionary, legislator, librarian, lieutenant, lifeguard, lighthouse keeper, line cook, linguist, lion tamer,
    literary critic, loan officer, lobbyist, locksmith, logger, logistician, longshoreman, lumberjack, lutenist, luthier,
    machine operator, machinery mechanic, machinist, mage, magician, magistrate, maid, mail carrier, mail clerk, mailman,
    maintenance worker, makeup artist, male model, manager, managing director, manicurist, marathon runner, mariachi musician,
    marine, marine biologist, mariner, market research analyst, market trader, market vendor, marketing manager,
    marketing specialist, marksman, martial artist, mason, massage therapist, masseur, masseuse, master chef,
    master craftsman, materials scientist, math teacher, mathematician, matriarch, mayor, mechanic, mechanical engineer, mediator,
    medic, medical assistant, medical doctor, medical laboratory technician, medical records specialist,
    medical researcher, medical student, medicine man, mental health counselor, mercenary,
    merchant, mermaid, messenger, metal worker, metallurgist, metalworker, meteorologist, microbiologist, midwife,
    military officer, milkmaid, milkman, miller, milliner, mime artist, miner, minister, minstrel, missionary,
    mixologist, model, monarch, monk, mortician, mountain climber, mountain guide, mountaineer, mover, movie director,
    movie producer, movie star, mural painter, museum curator, museum guard, musician, musketeer, nail technician, nanny,
    naturalist, naval officer, navigator, navy officer, negotiator, neurologist, neuroscientist, neurosurgeon,
    news anchor, news presenter, news reader, newscaster, newspaper editor, newspaper vendor, newsreader, night watchman,
    nightclub owner, ninja, nobleman, noblewoman, notary, novelist, novice, nuclear engineer, nun, nurse,
    nurse practitioner, nursery school teacher, nursing assistant, nutritionist, obstetrician, occupational therapist,
    oceanographer, office assistant, office clerk, office manager, office worker, officer, official, oil worker,
    oncologist, opera singer, operations manager, operator, ophthalmologist, optician, optometrist, oracle, orator,
    orchestra conductor, orderly, organist, ornithologist, orthodontist, orthopedic surgeon, outlaw, paediatrician,
    painter, palaeontologist, paleontologist, palm reader, paparazzo, parachutist, paralegal, paramedic, park ranger,
    parking attendant, parliamentarian, parole officer, party planner, pastor, pastry chef, pathologist, patrol officer,
    patrolman, pawnbroker, payroll clerk, peasant, pediatrician, pedicurist, percussionist, performance artist, performer,
    personal assistant, personal trainer, pest control worker, pharmacist, pharmacy technician, philanthropist,
    philosopher, phlebotomist, photographer, photojournalist, physical education teacher, physical therapist,
    physician, physician assistant, physicist, physiotherapist, pianist, piano player, piano teacher, piano tuner,
    pickpocket, pilot, pirate, pit crew member, pizza chef, pizza maker, plane mechanic, planner, plasterer,
    plastic surgeon, playwright, plumber, podcaster, podiatrist, poet, poker player, police chief, police constable,
    police detective, police inspector, police officer, police sergeant, policeman, policewoman, policy analyst,
    political scientist, politician, polo player, pop singer, pop star, pope, porter, portrait painter, postal worker,
    postman, postmaster, postwoman, potter, preacher, presenter, president, priest, priestess, primary school teacher,
    prime minister, princess, principal, printer operator, printing press operator, printmaker, prison guard,
    prison officer, prison warden, private detective, private eye, private investigator, privateer, prizefighter, probation officer,
    producer, product designer, product manager, production assistant, production manager, professional gamer, professor,
    programmer, project manager, prop maker, property developer, property manager, prophet, prosecutor, psychiatrist,
    psychic, psychoanalyst, psychologist, psychotherapist, public defender, public relations specialist,
    public speaker, publicist, publisher, punk rocker, puppet master, puppeteer, purchasing agent,
    quality control inspector, quarry worker, quilter, rabbi, race car driver, racer, racing driver, radio host,
    radio presenter, radiographer, radiologic technician, radiologist, rail worker, rally driver, ranch hand, rancher,
    ranger, rapper, real estate agent, real estate broker, real estate developer, realtor, receptionist, recruit,
    recruiter, referee, reindeer herder, repair worker, repairman, reporter, research assistant, research scientist,
    researcher, restaurateur, retail assistant, retail worker, rice farmer, ringmaster, road worker, robber,
    robotics engineer, rock climber, rock singer, rock star, rodeo rider, roofer, rower, rugby player, runner,
    saddler, sailor, saint, sales agent, sales assistant, sales associate, sales clerk, sales manager,
    sales representative, salesman, salesperson, saleswoman, samurai, sanitation worker, satirist, saxophonist,
    scaffolder, scholar, school bus driver, school counselor, school principal, school teacher, schoolboy, schoolgirl,
    schoolmaster, schoolmistress, schoolteacher, science teacher, scientist, screenwriter, scribe, sculptor, scuba diver,
    seamstress, secret agent, secret service agent, secretary, security consultant, security guard, security officer,
    senator, serf, sergeant, servant, set designer, sex worker, shaman, sharpshooter, sheep shearer, sheet metal worker,
    shepherd, shepherdess, sheriff, ship captain, shipbuilder, shipwright, shoe shiner, shoemaker, shop assistant,
    shop owner, shopkeeper, short order cook, showgirl, showman, signalman, silversmith, singer,
    singer songwriter, sitar player, skateboarder, skater, skier, skydiver, slave, smuggler, sniper, snowboarder,
    soccer coach, soccer player, social assistant, social media manager, social scientist, social worker, sociologist,
    software architect, software developer, software engineer, soldier, solicitor, sommelier, songwriter, soprano,
    sorcerer, sorceress, sound engineer, sous chef, spearman, special agent, speech pathologist, speech therapist,
    spice merchant, spinner, sponge diver, sports coach, sports commentator, sportsman, sportsperson, sportswoman, sprinter,
    spy, squire, stablehand, stage actor, stage manager, stagehand, stand-up comedian, statesman, stateswoman,
    statistician, steelworker, steward, stewardess, stock broker, stockbroker, stocker, stonecutter, stonemason,
    storekeeper, store clerk, store manager, store owner, storyteller, strategist, street artist, street cleaner,
    street food vendor, street musician, street performer, street sweeper, street vendor, strongman,
    structural engineer, student nurse, stuntman, stunt performer, stuntwoman, stylist, sumo wrestler, supermodel,
    supervisor, support worker, surfer, surgeon, surgical nurse, surgical technician, surrealist painter, surveyor, swimmer,
    swimming coach, swimming instructor, swordsman, swordswoman, systems administrator, systems analyst, tailor,
    tank commander, tanner, tango dancer, tap dancer, tarot reader, tattoo artist, tattooist, tax accountant,
    tax collector, tax consultant, taxi driver, taxidermist, tea master, tea picker, teacher, teaching assistant,
    team leader, technical writer, technician, technologist, telemarketer, telephone operator, teller, tennis coach,
    tennis player, test pilot, thatcher, theologian, therapist, ticket inspector, ticket seller, tightrope walker, tiler,
    tinker, tinsmith, toll collector, tollbooth operator, tool maker, toolmaker, tour guide, tour operator, town crier,
    toxicologist, toy maker, track athlete, tractor driver, tractor operator, trader, tradesman, tradeswoman,
    traffic controller, traffic cop, traffic police officer, traffic warden, train conductor, train driver, trainee,
    trainer, translator, trapeze artist, trapper, travel agent, travel blogger, treasurer, tree surgeon, trombonist,
    trooper, truck driver, trucker, trumpet player, trumpeter, tutor, tv host, tv presenter, typist, umpire, undersecretary,
    undertaker, underwriter, university lecturer, university professor, university student, upholsterer, urban planner,
    urologist, usher, utility worker, valet, vendor, ventriloquist, vet, vet tech, veteran, veterinarian, veterinary nurse,
    veterinary surgeon, veterinary technician, vicar, viceroy, video editor, video game designer, video game developer,
    viking, vintner, violinist, violist, virologist, viticulturist, vlogger, vocalist, voice actor, volleyball player,
    waiter, waitress, waitperson, wardrobe assistant, warden, warehouse manager, warehouse worker, warlock, warlord,
    warrior, waste collector, watchmaker, watchman, weather forecaster, weather presenter, weaver, web designer,
    web developer, wedding photographer, wedding planner, weightlifter, welder, wet nurse, whaler, wheelwright,
    wholesale buyer, window cleaner, window washer, wine maker, wine taster, winemaker, wood carver, woodcarver, woodcutter,
    woodworker, worker, wrestler, writer, x-ray technician, yacht captain, yoga instructor, yoga teacher, yogi, youth worker,
    youtuber, search party, hunting party, rescue party, boarding party, girl group, boy band, girl band, brass band,
    marching band, jazz band, rock band, pop band, punk band, metal band, mariachi band, military band, navy seal, k-pop idol, string quartet, barbershop quartet, jazz quartet, jazz trio, pop idol, teen idol, hot dog vendor, law student, art student, nursing student,
    dental student, base jumper, ski jumper, long jumper, high jumper, baseball pitcher, relief pitcher, heiress,
    middle school teacher, middle school student, secondary school teacher, grade school teacher,
    animal doctor, horse doctor, zoo keeper, zookeeper, zoologist, human being
"""
OCCUPATIONS = frozenset(" ".join(entry.split()) for entry in _TITLES.split(","))
# Last words that are a person's only in a title: "tour guide", "secret agent", "movie star".
NOT_ALONE = frozenset(
    """agent associate anchor assembler au being carrier cardinal collector cooper crew creator carver cutter digger
    eye grinder guide hand keeper maker marine marshal master noble oracle orderly pair party group band seal idol quartet trio jumper pitcher picker
    practitioner reader rocker seller server shiner spinner star state sweep taster tech tuner washer blower""".split()
)

# Verbs whose agent in -er or -or is a person nearly always: "weave" -> "weaver". What one also buys in a shop is not here.
AGENT_VERBS = frozenset(
    """act advise watch catch groom tame charm herd announce arrest babysit bake beg box brew broadcast build burgle bully campaign carve cater challenge
    cheat commute compose conjure counsel craft dance deal deliver demonstrate design dream drink drum edit embroider
    employ engrave entertain explore farm fiddle film fight forage gamble garden gossip harvest hike hunt illustrate
    immigrate instruct invade invent invest jog juggle kayak kidnap kill knit lead learn lecture liberate loot love
    lodge manage meditate migrate mourn murder narrate negotiate observe offend organize paint paddle perform picket
    plunder poach preach preside profess protest publish raid rebel report rescue research retire revel rob row
    run sail scavenge scream sculpt shop sing skate sketch ski smoke smuggle snorkel speak study supervise surf
    survive swim swindle teach toil trade traffic train translate trek vandalize wander weave weld wonder work
    worship wrestle write yodel quilt forge whittle busk hustle haggle beachcomb dive climb golf bicycle rap bike code vault sled bobsled raft mend lurk loiter brawl flee bungle restore patrol march""".split()
)
# Agents of what is named before them: "stamp collector", "fire eater"; alone they are as often things.
AFTER_A_NOUN = frozenset(
    """seller collector thrower swallower eater breather gatherer picker maker keeper master slayer puller breeder handler agent lookout restorer repairer
    groomer grower wrangler lifter marshal""".split()
)
# How names of occupations end in one word: "beekeeper", "bookseller", "locksmith", "shipwright", "saleswoman".
ENDINGS = tuple(
    """keeper seller dealer smith wright monger herd herder worker writer grower breeder fighter hunter dancer singer
    teacher goer owner lover builder painter wrestler walker rider climber boarder player maker binder driver trainer
    weaver cutter farmer fisher master officer woman man person people ologist ician arian grapher ographer
    ometrist nomist omist urgeon iatrist eutician piper child folk""".split()
)
# Words with such an ending, or in -ist or -eer, that are no people: things, animals, styles of pictures.
NOT_BY_ENDING = frozenset(
    """screwdriver pacemaker coffeemaker icemaker breadmaker haymaker webmaster remaster firewalker starfighter typewriter
    teleprinter hovercraft overlord seamen omen abdomen stamen specimen regimen acumen hymen foramen bitumen semen yemen
    amen duramen catamaran cookiecutter papercutter boltcutter birdman snowman snowmen ottoman talisman caiman 
    german norman hangman doberman batman superman spiderman dolman turkoman brahman roman walkman pacman bogeyman strawman screenplayer subwoofer kingfisher sandpiper strider brainchild backbinder leafcutter grasscutter
    clover plover pullover rollover spillover bestseller norfolk suffolk ovarian riparian
    impressionist expressionist surrealist cubist minimalist realist modernist futurist brutalist constructivist
    maximalist pointillist symbolist fauvist dadaist romanticist post-impressionist hyperrealist photorealist
    structuralist suprematist postmodernist checklist playlist shortlist wishlist enlist persist consist assist resist
    insist coexist desist blacklist zeitgeist reindeer commandeer domineer""".split()
)
