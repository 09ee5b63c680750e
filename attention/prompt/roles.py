"""More nouns of people, singular, lower case: ranks, kin, faith, the sea, the stage, crime, games, passers-by.

What a prompt calls people and neither the lists of occupations (occupations.py) nor those of prompts (nouns.py) have.
"""

ROLES = frozenset(
    """abbe abbess abbot abseiler accomplice adman adventuress aeronaut aide-de-camp alchemist altruist amanuensis amputee anchorite
    appointee aquanaut arbiter archdeacon archduchess archduke archpriest armorer assailant astrogator attacker attendee
    aunty auteur authoress aviatrix avenger ayatollah babysitter bachelorette backbencher baddie bagman bagpiper bailee balladeer ballboy
    bandleader bandmate bargee barkeep baronet barrister bather beachcomber beadle beatnik bedfellow beefeater bellringer
    benefactor bettor bidder bigwig billionaire birder blackmailer boarder boatbuilder boatswain bombardier bookie bootblack bootlegger
    borrower boulevardier breadwinner bricklayer brigand broncobuster bugler bumpkin bunkmate burgher bursar busboy butler
    cabalist cabby cabdriver camgirl campmate cannibal cantor canvasser carhop caregiver caroler carouser castaway celebrant
    chambermaid charlatan charwoman chauffeuse cheerer chimneysweep chorister chronicler churchwarden clairvoyant cleric coachbuilder
    coalman coauthor coder cofounder coiffeur collier colonist colonizer comedienne commandant commodore communicant competitor
    complainant compositor concubine conferee confidant confidante conjuror connoisseur conqueror conscript conspirator contender
    contestee contributor convener copilot cornerback corsair cossack costumier counterspy couturier cowhand cowpoke cowpuncher
    creditor crone crofter crooner croupier cupbearer curate custodian cutler cutpurse dairymaid dairyman danseuse daydreamer deacon
    deaconess debater debtor decorator defector deportee desperado despot detainee devotee dieter dignitary diplomat distiller diva
    docent docker dockhand dockworker doge donee doorkeeper dosser doula dowager draftee drafter dramatist draper drover druid dueller
    earl eavesdropper emigrant emigre emcee emissary enforcer enlistee equerry escapee eunuch evacuee evildoer examinee executor exhibitor
    facilitator factotum fakir farrier fieldhand fielder filmgoer fishwife flatmate flunkey follower footballer
    forebear forefather forester foundling freebooter freedman freeholder friar furrier gaffer gatecrasher gaucho
    geezer gendarme geomancer glassmaker glazier globetrotter goddaughter godparent godson gofer goldsmith gondolier gourmand gourmet
    gramps gran grandad grandaunt grandee grandnephew grandniece grandpapa granduncle graverobber grazier greengrocer greeter grenadier
    grocer groundskeeper gunman gunner gunrunner gunslinger guvnor haberdasher hajji halberdier handmaid handmaiden handler
    harpooner haulier hawker headmaster headmistress headwaiter heartthrob hellion helmsman helper helpmate hermit
    herdsman highlander hijacker hireling historian hitman homesteader honeymooner hooligan hosteller hostler hotelier houseguest
    householder housemaid housemate housemother hubby huntress huntsman hussar hypnotist impersonator impostor
    incumbent infantryman informant informer inmate innkeeper inpatient insider instructress interlocutor interloper interpreter
    interviewee interviewer intruder investor invitee jailbird jailer jailor jester jobseeker jokester kibbutznik
    kiddie kidnapper kinsman kinswoman knave knight-errant labourer laborer lackey laird lamplighter lancer landlubber landowner
    langlaufer lassie latecomer laundress laundryman lawbreaker lawman layman leaseholder legionary legionnaire lender libertine
    librettist liftboy liftman linesman linkboy litigant lodger longshoreman lookalike loser luminary lutenist luthier maestro
    mafioso magnate magus maharajah maharani mahout maidservant majorette malefactor mandarin manservant marchioness marquess masseur
    masseuse matador matchmaker matriarch matron medic mesmerist messmate metallurgist midshipman milkmaid milliner millionaire
    millionairess minder minstrel mobster moneylender moonshiner mugger muralist musher musketeer muleteer mystic naturopath
    navigator navvy navyman neonate netminder newlywed newsagent newsboy newsgirl newsreader nightwatchman novice nursemaid oarsman
    oarswoman occupier officeholder officiant ogler oligarch oldster onlooker optician orator orchardist ordinand organ-grinder
    ostler outfielder outlaw outsider pallbearer panelist panellist panhandler paperboy papergirl parachutist paralegal paralympian
    paramour parishioner parolee parson partaker pathologist patriot pauper peasant pedaler peddler pedlar penitent pensioner
    penpal perfumer perpetrator philanthropist philosopher picador picnicker piper plaintiff plaiter playboy playgoer playmate
    playwright plebeian ploughman plowman podiatrist policymaker politico polymath pontiff popstar porter postilion postmistress
    potentate poulterer prankster preacher prefect prelate presbyter prioress privateer proctor prodigy professor promoter proofreader
    prophet prophetess proprietor prospector protege provost prowler psychic psychopath publican publicist puller pundit purser pursuer
    quarryman quartermaster rabbi rabble-rouser raconteur ragamuffin ragpicker rajah rambler ranchhand rancher ranee rani rascal reaper reciter
    recluse rector recruiter reenactor registrar reviewer revolutionist ringleader rioter ringmaster roadie rogue
    roisterer rollerblader roomer roomie roper ruffian runaway rustler saboteur sachem sacristan safecracker saleslady salesclerk
    saleslady salesgirl sapper satirist savant schoolfellow schoolmaster schoolmate schoolmistress scion scoundrel scribe
    scrivener sculptress seafarer seaman seamster seamstress seductress seer sempstress seneschal sentinel sentry sepoy sergeant-at-arms serf
    servant servicewoman serviceman settler sexton shaman sharecropper sharpshooter shearer shepherdess shipbuilder shipmate shipwright
    shoeblack shoeshiner shopgirl shopkeeper shoplifter showgirl showman sidekick sightseer signaller signalman silversmith skater skeptic
    skipper skycap slacker slaughterer slave sleuth sleepwalker smallholder snob snowboarder snowshoer socialite sojourner soloist solicitor
    somnambulist songstress sonneteer soothsayer spearman spectator spelunker spinster sportscaster spouse squatter squire
    stableboy stablehand stagehand starlet statesman steeplejack steersman stepparent stevedore steward stockbroker stoker stonecutter
    stonemason stowaway straggler strategist stretcher-bearer strikebreaker strongman stunt-double subaltern submariner suitor sultana
    supercargo superstar survivalist sutler swagman swain swami swindler switchman swordfighter tactician tagger
    tailgunner tanner taoiseach tattooist taxidermist teamster techie telegraphist temptress tenant tenor thane theatregoer thespian
    tightrope-walker tinker toastmaster tobacconist toff tomboy torchbearer toreador torero torturer townie townsman townswoman
    tragedian trailblazer traitor traitress tribesman tribeswoman trickster trouper tsarina tycoon tyrant undergrad undergraduate underling
    undertaker urchin usherette usurer usurper vagabond valedictorian vaquero vassal vaudevillian vegan vendor venturer verger vestal
    vicereine victor vigilante villainess vintner virtuoso viscount viscountess vocalist voyager voyeur waif warder wardress washerman
    washerwoman watchwoman waterman weekender wench whistler wholesaler wingman winegrower wirewalker wisewoman woodsman
    woodcarver workhand workman workmate wrangler wretch wunderkind yardman yeoman yodeler yogini yokel yuppie""".split()
)
