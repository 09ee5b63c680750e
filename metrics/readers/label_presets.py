"""Label tables for the label sets that public classifiers of faces use, and texts for zero-shot models.

FairFace: Karkkainen and Joo 2021, seven groups, nine age bins. The four groups of the LAG paper are those of Shen et al.
(ICLR 2024): White, Middle Eastern and Latino are one, East and Southeast Asian another. CelebA: Liu et al. 2015. All of
these are categories under which annotators perceived faces.
"""

FAIRFACE_RACE_7 = """[race]
White = White
Black = Black
Latino_Hispanic = Latino_Hispanic
East Asian = East Asian
Southeast Asian = Southeast Asian
Indian = Indian
Middle Eastern = Middle Eastern"""

FAIRFACE_RACE_4 = """[race]
WMELH = White | Middle Eastern | Latino_Hispanic
Black = Black
Indian = Indian
Asian = East Asian | Southeast Asian"""

FAIRFACE_GENDER = """[gender]
female = Female
male = Male"""

FAIRFACE_AGE = """[age]
0-2 = 0-2
3-9 = 3-9
10-19 = 10-19
20-29 = 20-29
30-39 = 30-39
40-49 = 40-49
50-59 = 50-59
60-69 = 60-69
70+ = 70+ | more than 70"""

CELEBA = """[gender]
female = not Male
male = Male
[age]
young = Young
old = not Young
[eyeglasses]
with = Eyeglasses
without = not Eyeglasses
[smiling]
yes = Smiling
no = not Smiling
[ignore]
labels = *"""

ZERO_SHOT = """templates = a photo of the face of {} | a photo of {} | a portrait of {}
[gender]
female = a woman
male = a man"""

# What a model's labels are matched with, the first that fits, where the user chooses none.
PRESETS: dict[str, str] = {
    "FairFace: race, the paper's 4": FAIRFACE_RACE_4,
    "FairFace: race, 7": FAIRFACE_RACE_7,
    "FairFace: gender": FAIRFACE_GENDER,
    "FairFace: age": FAIRFACE_AGE,
    "FairFace: race (the paper's 4), gender and age": "\n".join((FAIRFACE_RACE_4, FAIRFACE_GENDER, FAIRFACE_AGE)),
    "CelebA: gender, age, eyeglasses, smiling": CELEBA,
}
