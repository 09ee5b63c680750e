"""More nouns of people, singular, lower case: ranks, kin, faith, the sea, the stage, crime, games, passers-by.

What a prompt calls people and neither the lists of occupations (occupations.py) nor those of prompts (nouns.py) have.
"""

ROLES = frozenset(
    """abbe abseiler accomplice adman adventuress aeronaut aide-de-camp altruist amanuensis amputee anchorite appointee
    aquanaut arbiter archdeacon archpriest armorer assailant astrogator attacker attendee aunty auteur authoress
    avenger aviatrix ayatollah backbencher baddie bagman bagpiper bailee balladeer ballboy bandleader bandmate
    bargee barkeep baronet beachcomber beadle beatnik bedfellow beefeater bellringer benefactor bettor bidder bigwig
    billionaire birder blackmailer boarder boatbuilder boatswain bombardier bookie bootblack bootlegger borrower
    boulevardier breadwinner brigand broncobuster bugler bumpkin bunkmate burgher bursar cabalist cabby cabdriver
    camgirl campmate cannibal cantor canvasser carhop caroler carouser castaway celebrant charlatan charwoman
    chauffeuse cheerer chimneysweep chorister chronicler churchwarden clairvoyant cleric coachbuilder coalman
    coauthor coder cofounder coiffeur collier colonist colonizer comedienne commandant commodore communicant
    competitor complainant compositor concubine conferee confidant confidante conjuror connoisseur conqueror
    conspirator contender contestee contributor convener copilot cornerback corsair cossack costumier counterspy
    couturier cowhand cowpoke cowpuncher creditor crofter crone crooner croupier cupbearer curate custodian cutler
    cutpurse dairyman danseuse daydreamer deacon deaconess debater debtor defector deportee desperado despot
    detainee devotee dieter dignitary distiller diva docent docker dockhand dockworker doge donee doorkeeper dosser
    doula dowager draftee drafter dramatist draper drover dueller earl eavesdropper emcee emigrant emigre emissary
    enforcer enlistee equerry escapee eunuch evacuee evildoer examinee executor exhibitor facilitator factotum fakir
    farrier fielder fieldhand filmgoer fishwife flatmate flunkey follower forebear forefather foundling freebooter
    freedman freeholder furrier gaffer gatecrasher gaucho geezer gendarme geomancer glassmaker globetrotter
    godparent gofer gourmand gourmet gramps gran grandad grandaunt grandee grandnephew grandniece grandpapa
    granduncle graverobber grazier greengrocer greeter grenadier gunner gunrunner gunslinger guvnor haberdasher
    halberdier handler handmaid harpooner haulier hawker headwaiter heartthrob hellion helmsman helper helpmate
    highlander hijacker hireling homesteader honeymooner hooligan hosteller hostler houseguest householder housemate
    housemother hubby hussar impersonator impostor incumbent infantryman informant informer innkeeper inpatient
    insider instructress interlocutor interloper interviewee intruder invitee jailbird jailor jobseeker jokester
    kibbutznik kiddie kidnapper kinsman kinswoman knave knight-errant lackey laird lamplighter lancer landlubber
    langlaufer latecomer laundryman lawbreaker lawman layman leaseholder legionnaire lender libertine librettist
    liftboy liftman linesman linkboy litigant lodger lookalike luminary maestro mafioso magnate magus maharajah
    mahout maidservant majorette malefactor mandarin manservant marchioness marquess matador matchmaker mesmerist
    messmate midshipman millionaire millionairess minder mobster moneylender moonshiner mugger muleteer muralist
    musher mystic naturopath navvy navyman neonate netminder newsagent newsgirl nightwatchman oarsman oarswoman
    occupier officeholder officiant ogler oldster oligarch orchardist ordinand organ-grinder ostler outfielder
    outsider pallbearer panelist panellist panhandler paperboy papergirl paralympian paramour parishioner parolee
    parson partaker patriot pauper pedaler peddler pedlar penitent penpal perfumer perpetrator picador piper plaiter
    playboy playgoer plebeian ploughman plowman policymaker politico polymath pontiff popstar postilion postmistress
    potentate poulterer prankster prefect prelate presbyter prioress proctor promoter proofreader prophetess
    proprietor prospector protege provost prowler psychopath publican puller pundit purser pursuer quarryman
    quartermaster rabble-rouser raconteur ragamuffin ragpicker rajah rambler ranchhand ranee rani rascal reaper
    reciter recluse rector reenactor registrar reviewer revolutionist ringleader rioter roadie rogue roisterer
    rollerblader roomer roomie roper ruffian runaway rustler saboteur sachem sacristan safecracker salesclerk
    saleslady sapper savant schoolfellow schoolmate scion scoundrel scrivener sculptress seafarer seaman seamster
    seer sempstress seneschal sentinel sentry sepoy sergeant-at-arms serviceman servicewoman settler sexton
    sharecropper shipmate shoeblack shoeshiner shoplifter sidekick sightseer signaller skeptic skipper skycap
    slacker slaughterer sleepwalker sleuth smallholder snowshoer sojourner soloist somnambulist songstress sonneteer
    soothsayer spelunker spinster sportscaster squatter starlet steeplejack steersman stepparent stevedore stoker
    stowaway straggler stretcher-bearer strikebreaker stunt-double subaltern submariner supercargo superstar
    survivalist sutler swagman swain swami swindler switchman swordfighter tactician tagger tailgunner taoiseach
    teamster techie telegraphist temptress tenant tenor thane theatregoer thespian tightrope-walker toastmaster
    tobacconist toff tomboy torchbearer toreador torero torturer townie townsman townswoman tragedian trailblazer
    traitor traitress tribesman tribeswoman trickster trouper tycoon tyrant undergrad undergraduate underling urchin
    usherette usurer usurper vagabond valedictorian vaquero vassal vaudevillian vegan venturer verger vestal
    vicereine victor vigilante virtuoso voyager voyeur waif warder wardress washerman washerwoman watchwoman
    waterman weekender wench whistler wholesaler winegrower wingman wirewalker wisewoman woodsman workhand workman
    workmate wrangler wretch wunderkind yardman yeoman yodeler yogini yokel""".split()
)
