"""The tutoring business that `make_tutoring_month.py` writes a month of: people and prices.

All of it is invented; amounts are whole cents (or pence).
"""

from __future__ import annotations

Key = tuple[str, str, int]  # service line, level, minutes

MADRID, LONDON = "Europe/Madrid", "Europe/London"

# Parent: given / family name, then the children.
MADRID_FAMILIES = """
Carmen / Ferrer Vidal: Lucía, Mateo
Íñigo / Etxeberria Goñi: Ane
María José / Núñez Peña: Álvaro
Agnieszka / Wójcik: Zofia, Łukasz
Núria / Puigdomènech Soler: Martí
Jürgen / Großmann: Anneliese
Amélie / Lefèvre: Théo
João / Gonçalves Araújo: Inês
Beatriz / Ibáñez Muñoz: Hugo, Sofía
Xoán / Outeiro Castiñeira: Brais
Fatima-Zahra / El Amrani: Yassine
Rocío / Domínguez Cañete: Daniela
Zsófia / Kovácsné Tóth: Bence
Andrés / Zúñiga Herrera: Martina
Thị Hồng / Nguyễn: Minh
Ștefan / Ionescu: Ilinca
Pilar / Sánchez-Arévalo: Jimena, Gonzalo
Søren / Kjærgaard: Freja
Lourdes / Ybarra Ochoa: Nicolás
Çağla / Öztürk: Emre
Ramón / Quiñones Báez: Valentina
Dariusz / Żak: Maja
Teresa / Belmonte Gil: Adrián
Marie-Hélène / Dubois: Océane
Javier / Gutiérrez Rey: Leire, Iker
Lída / Dvořáková: Matěj
Wei / Zhang: Lanlan
Montserrat / Roig Esteve: Pau
Óscar / Villanueva Sáez: Carla
Giulia / D'Angelo: Niccolò
Ana Belén / Carrasco: Diego
Björn / Åkesson: Linnea
Mercedes / Fuentes Alba: Claudia, Rodrigo
Hussein / Al-Sayed: Layla
Esther / Benítez Lara: Marcos
Kateřina / Nováková: Eliška
Gabriel / Peñalver Ruiz: Vera
Yolanda / Marín Cobos: Samuel
Raphaël / Königsberg: Noémie
Sagrario / Téllez Mora: Irene
Olena / Shevchenko: Daryna
Joaquín / Alarcón Prieto: Elena, Tomás
Priya / Raghunathan: Arjun
Ainhoa / Larrañaga Ruiz: Unai
Manuela / Correia Brandão: Tomé
Ignacio / Bustamante Leal: Blanca
Halldóra / Jónsdóttir: Sigrún
Cristina / Olmedo Pardo: Alba
"""
LONDON_FAMILIES = """
Siobhán / O'Connor: Aoife, Cormac
Gareth / Llewellyn-Jones: Rhys
Chiamaka / Okonkwo: Ifeoma
Zoë / Whitfield: Oliver
Hamish / MacGregor: Isla
Anjali / Deshpande: Rohan
Charlotte / Brontë-Hughes: Emily, George
Kwame / Mensah: Akua
Renée / Beaumont: Lucas
Tadhg / Ó Briain: Caoimhe
Imogen / Fairweather: Arthur
Dai / Prydderch: Megan
"""
# Name, city, what they teach. One online tutor in Dublin teaches in both currencies.
TUTORS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Amélie Rousseau", MADRID, ("languages",)),
    ("Sergio Cañas Prat", MADRID, ("math", "exam preparation")),
    ("Inés Maldonado Ríos", MADRID, ("math",)),
    ("Piotr Kowalczyk", MADRID, ("coding", "math")),
    ("Marta Echevarría Sanz", MADRID, ("languages",)),
    ("Tomáš Hrubý", MADRID, ("coding",)),
    ("Adaeze Nwosu", MADRID, ("languages", "exam preparation")),
    ("Luis Ángel Bermúdez", MADRID, ("exam preparation",)),
    ("Clara Vázquez Otero", MADRID, ("math",)),
    ("Joséphine Mbeki", MADRID, ("languages",)),
    ("Rubén Arganzuela Díaz", MADRID, ("math", "coding")),
    ("Eleanor Hartley-Finch", LONDON, ("languages", "exam preparation")),
    ("Rajesh Venkataraman", LONDON, ("math", "coding")),
    ("Bronwyn Ellis", LONDON, ("math", "exam preparation")),
    ("Ciarán Ó Dálaigh", "Europe/Dublin", ("coding",)),
)
# Per currency: (service line, level) -> charge and pay of a 60-minute session, in cents.
HOURLY: dict[str, dict[tuple[str, str], tuple[int, int]]] = {
    "EUR": {
        ("math", "primary"): (3200, 2000),
        ("math", "secondary"): (3800, 2400),
        ("math", "upper secondary"): (4400, 2800),
        ("languages", "primary"): (3000, 1900),
        ("languages", "secondary"): (3400, 2150),
        ("languages", "upper secondary"): (4000, 2550),
        ("exam preparation", "secondary"): (4600, 3000),
        ("exam preparation", "upper secondary"): (5200, 3400),
        ("coding", "primary"): (3600, 2250),
        ("coding", "secondary"): (4200, 2700),
    },
    "GBP": {
        ("math", "primary"): (3400, 2200),
        ("math", "secondary"): (4000, 2600),
        ("languages", "secondary"): (3600, 2350),
        ("exam preparation", "secondary"): (4800, 3200),
        ("coding", "secondary"): (4400, 2900),
    },
}
# (currency, key) whose price rises on the 15th: new charge and pay.
RAISED = {("EUR", ("math", "secondary", 60)): (4000, 2500)}
# Nobody has priced this key: the run skips the family and says so.
UNPRICED: Key = ("coding", "upper secondary", 60)
UNPRICED_FAMILY = "fam-ybarra"

TIERS = {5: 4, 10: 10, 20: 15}  # sessions in a package -> percent off
STREETS = {
    MADRID: (
        ("Calle de Fuencarral", "28004 Madrid"),
        ("Calle de Alcalá", "28009 Madrid"),
        ("Calle de Bravo Murillo", "28020 Madrid"),
        ("Paseo de las Delicias", "28045 Madrid"),
        ("Calle del Príncipe de Vergara", "28002 Madrid"),
        ("Avenida de América", "28028 Madrid"),
    ),
    LONDON: (
        ("Lordship Lane", "London SE22 8HN"),
        ("Muswell Hill Broadway", "London N10 1DJ"),
        ("Chiswick High Road", "London W4 1PP"),
        ("Northcote Road", "London SW11 6PW"),
    ),
    "Europe/Dublin": (("Rathmines Road Lower", "Dublin D06 X2C3"),),
}


def price_of(currency: str, key: Key) -> tuple[int, int]:
    """Charge and pay of one session: 45 minutes cost 80 %, 90 minutes 145 % of the hour."""
    percent = {45: 80, 60: 100, 90: 145}[key[2]]
    charge, pay = HOURLY[currency][key[0], key[1]]
    return _to_half(charge * percent), _to_half(pay * percent)


def _to_half(percents: int) -> int:
    """Hundredths of a cent to the nearest half euro or pound, in cents."""
    return (percents + 2500) // 5000 * 50


def minutes_for(level: str) -> tuple[int, ...]:
    """The durations on offer for *level*: small children have 45 minutes, older ones 90."""
    return (45, 60) if level == "primary" else (60, 90)


def keys(currency: str) -> tuple[Key, ...]:
    """All priced catalog keys in *currency*."""
    return tuple(
        (line, level, minutes) for line, level in HOURLY[currency] for minutes in minutes_for(level)
    )


def tier_price(charge: int, units: int) -> int:
    """What a package of *units* costs: less than their sum by the percentage of its tier."""
    return charge * units * (100 - TIERS[units]) // 100
