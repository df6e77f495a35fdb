# ruff: noqa: E501 -- a table of facts reads best one title a line
"""The world as the test's TMDb and OMDb know it: facts by hand, no overviews, ids mostly of its own.

Films: id|title|year|language|minutes|genres|countries|popularity|original title|other titles
Shows: id|name|first year|language|countries|genres|popularity|original name|other names|seasons
Seasons: "0:3 1:10 2:10" are episode counts; "1:d2024-01-08x20" is a daily season from that day on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

FILMS = """
603|The Matrix|1999|en|136|28,878|US|85||Matrix;La matrice
604|The Matrix Reloaded|2003|en|138|28,878|US|50||Matrix Reloaded
605|The Matrix Revolutions|2003|en|129|28,878|US|45||
624860|The Matrix Resurrections|2021|en|148|28,878|US|60||
949|Heat|1995|en|170|28,80,18|US|70||Hitze;Sfida
31865|Heat|1986|en|101|28,18|US|8||
550|Fight Club|1999|en|139|18|US|90||
812|Aladdin|1992|en|90|16,10751,12|US|80||Aladin
420817|Aladdin|2019|en|128|12,14,10749,10751|US|75||Aladin
9323|Ghost in the Shell|1995|ja|83|28,16,878|JP|40|攻殻機動隊|Kōkaku Kidōtai;Mobile Armored Riot Police
315837|Ghost in the Shell|2017|en|107|28,18,878|US|45||
12140|Ghost in the Shell 2: Innocence|2004|ja|99|16,18,878|JP|20|イノセンス|Innocence
78|Blade Runner|1982|en|118|878,18,53|US|60||Metropolis 2020
335984|Blade Runner 2049|2017|en|164|878,18|US|65||
348|Alien|1979|en|117|27,878|US|60||
679|Aliens|1986|en|137|28,53,878|US|55||
8077|Alien³|1992|en|114|878,28,27|US|35||Alien 3
129|Spirited Away|2001|ja|125|16,10751,14|JP|90|千と千尋の神隠し|Sen to Chihiro no Kamikakushi;Le voyage de Chihiro;Chihiros Reise ins Zauberland
128|Princess Mononoke|1997|ja|134|12,14,16|JP|70|もののけ姫|Mononoke-hime
8392|My Neighbor Totoro|1988|ja|86|14,16,10751|JP|60|となりのトトロ|Tonari no Totoro
4935|Howl's Moving Castle|2004|ja|119|14,16,12|JP|70|ハウルの動く城|Hauru no Ugoku Shiro
194|Amélie|2001|fr|122|35,10749|FR|50|Le Fabuleux Destin d'Amélie Poulain|Die fabelhafte Welt der Amélie
582|The Lives of Others|2006|de|137|18,53|DE|35|Das Leben der Anderen|
387|Das Boot|1981|de|149|28,18,36|DE|35|Das Boot|The Boat
496243|Parasite|2019|ko|133|35,53,18|KR|80|기생충|Gisaengchung
31414|Parasite|1982|en|85|878,27|US|4||
598|City of God|2002|pt|129|18,80|BR|60|Cidade de Deus|
1417|Pan's Labyrinth|2006|es|118|14,18,10752|ES,MX|50|El laberinto del fauno|
15121|The Sound of Music|1965|en|174|18,10751,10402|US|30||
346|Seven Samurai|1954|ja|207|28,18|JP|40|七人の侍|Shichinin no Samurai
548|Rashomon|1950|ja|88|80,18,9648|JP|25|羅生門|
678|Out of the Past|1947|en|97|80,53|US|10||Build My Gallows High
238|The Godfather|1972|en|175|18,80|US|100||Der Pate;Il padrino
240|The Godfather Part II|1974|en|202|18,80|US|80||The Godfather: Part II
242|The Godfather Part III|1990|en|162|80,18|US|55||
11|Star Wars|1977|en|121|12,28,878|US|90||Star Wars: Episode IV - A New Hope;A New Hope
1891|The Empire Strikes Back|1980|en|124|12,28,878|US|70||Star Wars: Episode V - The Empire Strikes Back
1892|Return of the Jedi|1983|en|132|12,28,878|US|65||Star Wars: Episode VI - Return of the Jedi
120|The Lord of the Rings: The Fellowship of the Ring|2001|en|179|12,14,28|NZ,US|100||The Fellowship of the Ring
121|The Lord of the Rings: The Two Towers|2002|en|179|12,14,28|NZ,US|90||The Two Towers
122|The Lord of the Rings: The Return of the King|2003|en|201|12,14,28|NZ,US|95||The Return of the King
346364|It|2017|en|135|27|US|70||It: Chapter One
474350|It Chapter Two|2019|en|169|27|US|50||
530915|1917|2019|en|119|10752,18|GB,US|60||
644|A.I. Artificial Intelligence|2001|en|146|18,878|US|35||AI
8689|Dune|1984|en|137|28,878|US|30||
438631|Dune|2021|en|155|878,12|US|110||Dune: Part One
693134|Dune: Part Two|2024|en|167|878,12|US|120||
1091|The Thing|1982|en|109|27,9648,878|US|50||
60935|The Thing|2011|en|103|27,878,9648|US|25||
9426|The Fly|1986|en|96|27,878|US|25||
11815|The Fly|1958|en|94|27,878|US|9||
218|The Terminator|1984|en|108|28,53,878|US|55||
280|Terminator 2: Judgment Day|1991|en|137|28,53,878|US|65||Terminator 2;T2
296|Terminator 3: Rise of the Machines|2003|en|109|28,53,878|US|40||
1366|Rocky|1976|en|119|18|US|55||
1367|Rocky II|1979|en|119|18|US|40||
1371|Rocky III|1982|en|99|18|US|35||
1374|Rocky IV|1985|en|91|18|US|40||
36557|Casino Royale|2006|en|144|12,28,53|GB|55||
12208|Casino Royale|1967|en|131|12,28,35|GB|15||
253|Live and Let Die|1973|en|121|12,28,53|GB|25||
657|From Russia with Love|1963|en|115|28,53,12|GB|25||
37724|Skyfall|2012|en|143|28,12,53|GB|50||
161|Ocean's Eleven|2001|en|116|53,80|US|50||Oceans 11
299|Ocean's Eleven|1960|en|127|35,80|US|8||Ocean's 11
1817|Phone Booth|2003|en|81|53|US|20||
9994|The Great Escape|1963|en|172|12,36|US|25||
244786|Whiplash|2014|en|107|18,10402|US|70||
27205|Inception|2010|en|148|28,878,12|US|110||
157336|Interstellar|2014|en|169|12,18,878|US|140||
155|The Dark Knight|2008|en|152|18,28,80|US|110||
272|Batman Begins|2005|en|140|18,80,28|US|60||
268|Batman|1989|en|126|14,28,80|US|45||
2661|Batman|1966|en|105|35,28|US|12||Batman: The Movie
414906|The Batman|2022|en|177|80,9648,53|US|90||
1726|Iron Man|2008|en|126|28,878,12|US|70||
12092|Alice in Wonderland|1951|en|75|16,10751,14|US|35||
12155|Alice in Wonderland|2010|en|108|10751,14,12|US|40||
11224|Cinderella|1950|en|74|10751,14,16|US|40||
150689|Cinderella|2015|en|105|10749,14,10751|US|40||
10020|Beauty and the Beast|1991|en|84|10749,10751,16|US|45||
321612|Beauty and the Beast|2017|en|129|10751,14,10749|US|50||
8587|The Lion King|1994|en|89|10751,16,18|US|80||
420818|The Lion King|2019|en|118|12,18,10751|US|60||
10340|King Kong|1933|en|100|12,14,27|US|15||
254|King Kong|2005|en|187|12,18,28|NZ,US|35||
10730|King Kong|1976|en|134|12,14|US|14||
653|Nosferatu|1922|de|95|27|DE|15|Nosferatu, eine Symphonie des Grauens|Nosferatu: A Symphony of Horror
426063|Nosferatu|2024|en|132|27,14|US|80||
19|Metropolis|1927|de|153|18,878|DE|25||
9606|Metropolis|2001|ja|108|16,878|JP|12|メトロポリス|Robotic Angel
10331|Night of the Living Dead|1968|en|96|27,53|US|20||
19185|Night of the Living Dead|1990|en|88|27|US|10||
961|The General|1926|en|79|28,12,35|US|12||
962|The Gold Rush|1925|en|95|12,35|US|13||
3112|The Night of the Hunter|1955|en|93|18,53|US|14||
775|A Trip to the Moon|1902|fr|14|12,878|FR|12|Le Voyage dans la Lune|
14|American Beauty|1999|en|122|18|US|45||
680|Pulp Fiction|1994|en|154|53,80|US|100||
500|Reservoir Dogs|1992|en|99|80,53|US|60||
807|Se7en|1995|en|127|80,9648,53|US|90||Seven
76341|Mad Max: Fury Road|2015|en|121|28,12,878|AU|75||
9659|Mad Max|1979|en|93|12,28,53|AU|40||
372058|Your Name.|2016|ja|106|10749,16,18|JP|90|君の名は。|Kimi no Na wa
149|Akira|1988|ja|124|16,878,28|JP|50|アキラ|
11423|Memories of Murder|2003|ko|131|80,18,53|KR|40|살인의 추억|Salinui chueok
670|Oldboy|2003|ko|120|18,53,9648|KR|60|올드보이|Old Boy
87516|Oldboy|2013|en|104|28,18,53|US|15||
146|Crouching Tiger, Hidden Dragon|2000|zh|120|12,18,28|TW|35|臥虎藏龍|Wo hu cang long
843|In the Mood for Love|2000|cn|99|18,10749|HK|35|花樣年華|Fa yeung nin wah
37799|The Social Network|2010|en|121|18|US|45||
9552|The Exorcist|1973|en|122|27|US|60||
694|The Shining|1980|en|144|27,53|US|70||
62|2001: A Space Odyssey|1968|en|149|878,9648|GB,US|55||
9693|Children of Men|2006|en|109|18,28,53|GB,US|35||
1359|American Psycho|2000|en|102|53,18,80|US|60||
8966|Twilight|2008|en|122|14,18,10749|US|50||
9407|Baraka|1992|en|97|99|US|10||
8885|Koyaanisqatsi|1982|en|86|99|US|9||
1430|Bowling for Columbine|2002|en|120|99|US|12||
515042|Free Solo|2018|en|100|99,12|US|15||
61650|Jiro Dreams of Sushi|2011|ja|81|99|US|9||
293670|Meru|2015|en|90|99|US|5||
1040001|Robin Hood|1922|en|127|12|US|5||
1040002|Robin Hood|1973|en|83|16,10751|US|35||
1040003|Robin Hood|2010|en|140|28,12|GB,US|40||
1040004|Robin Hood|2018|en|116|28,12|US|35||
1040005|Godzilla|1954|ja|96|27,878,18|JP|20|ゴジラ|Gojira
1040006|Godzilla|1998|en|139|878,28,53|US|30||
1040007|Godzilla|2014|en|123|28,18,878|US|45||
1040008|The Mummy|1932|en|73|27,14|US|12||
1040009|The Mummy|1999|en|124|12,28,14|US|60||
1040010|The Mummy|2017|en|110|14,53,28|US|35||
1040011|Crash|1996|en|100|18|CA|20||
1040012|Crash|2004|en|112|18,80|US|25||
1040013|Solaris|1972|ru|166|18,878,9648|RU|25|Солярис|Solyaris
1040014|Solaris|2002|en|99|18,878,9648|US|18||
20367|Detour|1945|en|69|80,18|US|6||
20246|The Stranger|1946|en|95|80,53|US|7||
992|Sherlock, Jr.|1924|en|45|35,28|US|10||Sherlock Jr.
58129|The Phantom Carriage|1921|sv|107|18,14,27|SE|6|Körkarlen|
3085|His Girl Friday|1940|en|92|35,10749|US|12||
18995|D.O.A.|1949|en|83|80,9648|US|7||
4808|Charade|1963|en|113|35,9648,10749|US|20||
234|The Cabinet of Dr. Caligari|1920|de|78|18,27,53|DE|14|Das Cabinet des Dr. Caligari|
3000001|Deep Sands|2012|en|101|99|GB|2||
3000002|Moon over Gojo|1951|ja|96|18|JP|2||
3000003|The Last Lighthouse|2004|de|110|18|DE|2|Der letzte Leuchtturm|
3000004|Lantern Keeper|2019|en|112|18|GB|2||The Lantern Keeper
3000005|Clockwork Orchard|2018|en|99|878|GB|2||The Clockwork Orchard
3000006|Tides of the North|2021|en|118|12|NO|2||
3000007|Copper Sky|2014|en|124|37|US|2||
1040015|Stalker|1979|ru|162|878,18|RU|30|Сталкер|
"""

SHOWS = """
2316|The Office|2005|en|US|35|150||The Office (US)|0:10 1:6 2:22 3:25 4:19 5:28 6:26 7:26 8:24 9:25
2996|The Office|2001|en|GB|35|40||The Office (UK)|0:4 1:6 2:6
1437|Firefly|2002|en|US|10765,18|60|||0:3 1:14
1396|Breaking Bad|2008|en|US|18,80|200|||0:9 1:7 2:13 3:13 4:13 5:16
1399|Game of Thrones|2011|en|US|10765,18|220|||0:20 1:10 2:10 3:10 4:10 5:10 6:10 7:7 8:6
37854|One Piece|1999|ja|JP|16,10759|150|ワンピース|Wan Pisu|0:5 1:61 2:16 3:15 4:39 5:13
111110|One Piece|2023|en|US|10759,10765|80|||1:8
46260|Naruto|2002|ja|JP|16,10759|90|ナルト||1:52 2:52 3:54 4:62
31910|Naruto Shippuden|2007|ja|JP|16,10759|95|ナルト 疾風伝|Naruto Shippuuden|1:32 2:21 3:18
1429|Attack on Titan|2013|ja|JP|16,10765|150|進撃の巨人|Shingeki no Kyojin|0:8 1:25 2:12 3:22 4:28
30983|Case Closed|1996|ja|JP|16,9648|70|名探偵コナン|Detective Conan|1:28 2:26 3:28
30991|Cowboy Bebop|1998|ja|JP|16,10765|60|カウボーイビバップ|Kaubōi Bibappu|0:1 1:26
80564|Cowboy Bebop|2021|en|US|10759,10765|25|||1:10
1418|The Big Bang Theory|2007|en|US|35|120|||1:17 2:23 3:23
1668|Friends|1994|en|US|35|140|||0:4 1:24 2:24 3:25
57243|Doctor Who|2005|en|GB|10759,10765|90|||0:30 1:13 2:13 3:13 4:13
121|Doctor Who|1963|en|GB|10759,10765|40|||1:42 2:39 3:45
239770|Doctor Who|2024|en|GB|10759,10765|60|||0:1 1:8 2:8
19885|Sherlock|2010|en|GB|80,18|70|||0:2 1:3 2:3 3:3 4:3
71446|Money Heist|2017|es|ES|80,18|100|La casa de papel|La Casa de Papel|1:13 2:9 3:8 4:8 5:10
70523|Dark|2017|de|DE|80,18,9648|70|||1:10 2:8 3:8
93405|Squid Game|2021|ko|KR|10759,9648,18|160|오징어 게임|Ojingeo Geim|1:9 2:7 3:6
2224|The Daily Show|1996|en|US|10767,35|60||The Daily Show with Jon Stewart|1:d2024-01-08x60
59941|The Tonight Show Starring Jimmy Fallon|2014|en|US|10767,35|70|||1:d2024-01-08x60
62223|The Late Show with Stephen Colbert|2015|en|US|10767,35|50|||1:d2024-01-08x60
1398|The Sopranos|1999|en|US|18|110|||1:13 2:13 3:13
1438|The Wire|2002|en|US|80,18|80|||1:13 2:12 3:12 4:13 5:10
1408|House|2004|en|US|18,9648|110||House M.D.;Dr. House|1:22 2:24 3:24
4607|Lost|2004|en|US|10759,9648|80|||0:5 1:25 2:24 3:23
1972|Battlestar Galactica|2004|en|US|10759,10765|45||Battlestar Galactica (2003)|0:10 1:13 2:20 3:20 4:20
501|Battlestar Galactica|1978|en|US|10759,10765|20|||1:24
1981|Charmed|1998|en|US|10765,18|60|||1:22 2:22
79696|Charmed|2018|en|US|10765,18|25|||1:22 2:19
2734|House of Cards|1990|en|GB|18|9|||1:4
1425|House of Cards|2013|en|US|18|60|||1:13 2:13 3:13
34307|Shameless|2011|en|US|18,35|90|||1:12 2:12 3:12
1906|Shameless|2004|en|GB|18,35|25|||1:7 2:10
1421|Modern Family|2009|en|US|35|110|||1:24 2:24
66732|Stranger Things|2016|en|US|10765,9648|190|||1:8 2:9 3:8 4:9
95396|Severance|2022|en|US|18,9648|130|||1:9 2:10
45782|Sword Art Online|2012|ja|JP|16,10759|70|ソードアート・オンライン||0:3 1:25 2:24
31911|Fullmetal Alchemist: Brotherhood|2009|ja|JP|16,10759|100|鋼の錬金術師 FULLMETAL ALCHEMIST|Hagane no Renkinjutsushi: Fullmetal Alchemist|1:64
42705|Fullmetal Alchemist|2003|ja|JP|16,10759|50|鋼の錬金術師|Hagane no Renkinjutsushi|1:51
13916|Death Note|2006|ja|JP|16,9648|90|デスノート||1:37
890|Neon Genesis Evangelion|1995|ja|JP|16,10765|60|新世紀エヴァンゲリオン|Shinseiki Evangelion|1:26
1044|Planet Earth|2006|en|GB|99|40|||1:11
68595|Planet Earth II|2016|en|GB|99|40|||1:6
83880|Our Planet|2019|en|GB|99|30|||1:8 2:4
2490|The Civil War|1990|en|US|99|12|||1:9
1400|Seinfeld|1989|en|US|35|90|||1:5 2:12 3:23
4586|Gilmore Girls|2000|en|US|18,35|90|||1:21 2:22
67198|Star Trek: Discovery|2017|en|US|10765,18|60|||1:15 2:14
655|Star Trek: The Next Generation|1987|en|US|10765,18|80|||1:26 2:22 3:26
253|Star Trek|1966|en|US|10765,18|60||Star Trek: The Original Series|0:1 1:29 2:26 3:24
10283|Archer|2009|en|US|16,35|60|||1:10 2:13
48866|The 100|2014|en|US|10765,18|110|||1:13 2:16
60735|The Flash|2014|en|US|10765,18|120|||1:23 2:23
236|The Flash|1990|en|US|10765,18|18|||1:22
4589|Arrested Development|2003|en|US|35|60|||1:22 2:18
40008|Hannibal|2013|en|US|18,80|50|||1:13 2:13
60059|Better Call Saul|2015|en|US|18,80|110|||1:10 2:10
3100001|Parish|2011|en|US|35|5||The Parish|0:2 1:12 2:12 3:12
3100002|Parish|2003|en|GB|35|4||The Parish|0:2 1:6 2:6 3:6
3100003|Quiet Orbit|2018|en|US|10765|4||The Quiet Orbit|0:4 1:10 2:10 3:10
3100004|Sora no Kaze|2010|ja|JP|16|4|空の風||1:26 2:24
3100005|Harbour Lights|2016|en|GB|18|4|||0:2 1:8 2:8 3:8
3100006|Night Desk|2019|en|US|10767|4||The Night Desk|1:d2020-01-06x1000
94605|Arcane|2021|en|US|16,10765|110|||1:9 2:9
"""


@dataclass(frozen=True)
class Film:
    id: int
    title: str
    year: int
    language: str
    minutes: int
    genres: list[int]
    countries: list[str]
    popularity: float
    original: str
    others: list[str]

    @property
    def imdb(self) -> str:
        return f"tt{1_000_000 + self.id:07}"


@dataclass(frozen=True)
class Show:
    id: int
    title: str
    year: int
    language: str
    countries: list[str]
    genres: list[int]
    popularity: float
    original: str
    others: list[str]
    seasons: dict[int, list[date]] = field(default_factory=dict)

    @property
    def imdb(self) -> str:
        return f"tt{5_000_000 + self.id:07}"

    @property
    def tvdb(self) -> int:
        return 70_000 + self.id


def films() -> list[Film]:
    """Every film of the table."""
    made = []
    for line in FILMS.strip().splitlines():
        id, title, year, language, minutes, genres, countries, popularity, original, others = line.split("|")
        made.append(
            Film(
                int(id), title, int(year), language, int(minutes), _numbers(genres), countries.split(","),
                float(popularity), original or title, [o for o in others.split(";") if o],
            )
        )  # fmt: skip
    return made


def shows() -> list[Show]:
    """Every show of the table."""
    made = []
    for line in SHOWS.strip().splitlines():
        id, title, year, language, countries, genres, popularity, original, others, seasons = line.split("|")
        made.append(
            Show(
                int(id), title, int(year), language, countries.split(","), _numbers(genres), float(popularity),
                original or title, [o for o in others.split(";") if o],
                dict(_season(text, int(year)) for text in seasons.split()),
            )
        )  # fmt: skip
    return made


def _season(text: str, first: int) -> tuple[int, list[date]]:
    number, _, rest = text.partition(":")
    season = int(number)
    if rest.startswith("d"):
        day, _, count = rest[1:].partition("x")
        start = date.fromisoformat(day)
        days = (start + timedelta(days=n) for n in range(4000))
        return season, [day for day in days if day.weekday() < 4][: int(count)]
    start = date(first + max(season - 1, 0), 1, 6)
    return season, [start + timedelta(days=7 * n) for n in range(int(rest))]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]
