"""Occupations that UCE may be told to preserve: those of WinoBias and of the emoji world, and other common ones (ours)."""

OCCUPATIONS = tuple(
    name.strip()
    for name in """
    accountant, actor, administrator, analyst, architect, artist, assistant, astronaut, athlete, attendant, auditor,
    author, baker, banker, barber, bartender, biologist, bookkeeper, builder, butcher, carpenter, cashier, chef, chemist,
    chief, cleaner, clerk, comedian, construction worker, cook, counselor, dancer, dentist, designer, developer,
    dispatcher, doctor, driver, economist, editor, electrician, engineer, farmer, firefighter, fisherman, florist,
    flight attendant, gardener, guard, hairdresser, housekeeper, janitor, jeweler, journalist, judge, laborer, lawyer,
    lecturer, librarian, lifeguard, machinist, manager, mathematician, mechanic, mover, musician, nurse, optician,
    painter, paramedic, pharmacist, photographer, physician, physicist, pilot, plumber, police officer, politician,
    porter, priest, producer, professor, programmer, psychologist, receptionist, reporter, researcher, sailor,
    salesperson, scientist, secretary, sheriff, singer, social worker, soldier, student, supervisor, surgeon, tailor,
    teacher, technician, therapist, translator, veterinarian, waiter, writer
    """.split(",")
)
