"""The languages of ISO 639 that films are tagged with: codes and names, as data.

Source: the ISO 639-1 and 639-2 code lists (Library of Congress) and 639-3 (SIL).
"""

from __future__ import annotations

WITH_TWO_LETTERS = """
aa aar aar Afar
ab abk abk Abkhaz/Abkhazian/аҧсуа
ae ave ave Avestan
af afr afr Afrikaans
ak aka aka Akan
am amh amh Amharic/አማርኛ
an arg arg Aragonese/aragonés
ar ara ara Arabic/العربية
as asm asm Assamese/অসমীয়া
av ava ava Avar/Avaric
ay aym aym Aymara
az aze aze Azerbaijani/azərbaycan dili/azərbaycan
ba bak bak Bashkir/башҡорт теле
be bel bel Belarusian/Byelorussian/беларуская
bg bul bul Bulgarian/български
bi bis bis Bislama
bm bam bam Bambara
bn ben ben Bengali/Bangla/বাংলা
bo tib bod Tibetan/བོད་ཡིག
br bre bre Breton/brezhoneg
bs bos bos Bosnian/bosanski
ca cat cat Catalan/Valencian/català/valencià
ce che che Chechen/нохчийн
ch cha cha Chamorro
co cos cos Corsican/corsu
cr cre cre Cree
cs cze ces Czech/čeština/český
cu chu chu Church Slavonic/Church Slavic
cv chv chv Chuvash/чӑваш
cy wel cym Welsh/Cymraeg
da dan dan Danish/dansk
de ger deu German/Deutsch
dv div div Dhivehi/Divehi/ދިވެހި
dz dzo dzo Dzongkha/རྫོང་ཁ
ee ewe ewe Ewe
el gre ell Greek/Modern Greek/ελληνικά
en eng eng English
eo epo epo Esperanto
es spa spa Spanish/Castilian/español/castellano
et est est Estonian/eesti
eu baq eus Basque/euskara
fa per fas Persian/Farsi/فارسی
ff ful ful Fulah/Fula
fi fin fin Finnish/suomi
fj fij fij Fijian
fo fao fao Faroese/føroyskt
fr fre fra French/français
fy fry fry West Frisian/Western Frisian/Frisian/Frysk
ga gle gle Irish/Gaeilge
gd gla gla Scottish Gaelic/Gaelic/Gàidhlig
gl glg glg Galician/galego
gn grn grn Guaraní/Guarani
gu guj guj Gujarati/ગુજરાતી
gv glv glv Manx/Gaelg
ha hau hau Hausa
he heb heb Hebrew/עברית
hi hin hin Hindi/हिन्दी
ho hmo hmo Hiri Motu
hr hrv hrv Croatian/hrvatski
ht hat hat Haitian Creole/Haitian/Kreyol/kreyòl ayisyen
hu hun hun Hungarian/magyar
hy arm hye Armenian/հայերեն
hz her her Herero
ia ina ina Interlingua
id ind ind Indonesian/Bahasa Indonesia
ie ile ile Interlingue
ig ibo ibo Igbo
ii iii iii Sichuan Yi/Nuosu
ik ipk ipk Inupiaq
io ido ido Ido
is ice isl Icelandic/íslenska
it ita ita Italian/italiano
iu iku iku Inuktitut
ja jpn jpn Japanese/日本語
jv jav jav Javanese/basa Jawa
ka geo kat Georgian/ქართული
kg kon kon Kongo
ki kik kik Kikuyu/Gikuyu
kj kua kua Kwanyama/Kuanyama
kk kaz kaz Kazakh/қазақ тілі/қазақша
kl kal kal Greenlandic/Kalaallisut
km khm khm Khmer/Central Khmer/ខ្មែរ
kn kan kan Kannada/ಕನ್ನಡ
ko kor kor Korean/한국어
kr kau kau Kanuri
ks kas kas Kashmiri
ku kur kur Kurdish/kurdî
kv kom kom Komi
kw cor cor Cornish/Kernewek
ky kir kir Kyrgyz/Kirghiz/кыргызча
la lat lat Latin/latina
lb ltz ltz Luxembourgish/Lëtzebuergesch
lg lug lug Ganda/Luganda
li lim lim Limburgish/Limburgan
ln lin lin Lingala
lo lao lao Lao/ລາວ
lt lit lit Lithuanian/lietuvių
lu lub lub Luba-Katanga
lv lav lav Latvian/latviešu
mg mlg mlg Malagasy
mh mah mah Marshallese
mi mao mri Māori/Maori/te reo Māori
mk mac mkd Macedonian/македонски
ml mal mal Malayalam/മലയാളം
mn mon mon Mongolian/монгол
mr mar mar Marathi/मराठी
ms may msa Malay/Bahasa Melayu/Melayu
mt mlt mlt Maltese/Malti
my bur mya Burmese/Myanmar/မြန်မာ
na nau nau Nauru
nb nob nob Norwegian Bokmål/Bokmål/norsk bokmål
nd nde nde North Ndebele
ne nep nep Nepali/नेपाली
ng ndo ndo Ndonga
nl dut nld Dutch/Flemish/Nederlands/Vlaams
nn nno nno Norwegian Nynorsk/Nynorsk/norsk nynorsk
no nor nor Norwegian/norsk
nr nbl nbl South Ndebele
nv nav nav Navajo/Navaho
ny nya nya Chichewa/Nyanja
oc oci oci Occitan/occitan
oj oji oji Ojibwa
om orm orm Oromo
or ori ori Odia/Oriya/ଓଡ଼ିଆ
os oss oss Ossetic/Ossetian/ирон
pa pan pan Punjabi/Panjabi/ਪੰਜਾਬੀ
pi pli pli Pali
pl pol pol Polish/polski
ps pus pus Pashto/Pushto/پښتو
pt por por Portuguese/português/português brasileiro
qu que que Quechua/Runa Simi
rm roh roh Romansh/rumantsch
rn run run Kirundi/Rundi
ro rum ron Romanian/Moldavian/Moldovan/română
ru rus rus Russian/русский
rw kin kin Kinyarwanda/Ikinyarwanda
sa san san Sanskrit/संस्कृतम्
sc srd srd Sardinian/sardu
sd snd snd Sindhi
se sme sme Northern Sami/davvisámegiella
sg sag sag Sango
sh - hbs Serbo-Croatian/srpskohrvatski
si sin sin Sinhala/Sinhalese/සිංහල
sk slo slk Slovak/slovenčina
sl slv slv Slovenian/slovenščina
sm smo smo Samoan
sn sna sna Shona/chiShona
so som som Somali/Soomaali
sq alb sqi Albanian/shqip
sr srp srp Serbian/српски/srpski
ss ssw ssw Swati
st sot sot Southern Sotho/Sesotho
su sun sun Sundanese/Basa Sunda
sv swe swe Swedish/svenska
sw swa swa Swahili/Kiswahili
ta tam tam Tamil/தமிழ்
te tel tel Telugu/తెలుగు
tg tgk tgk Tajik/тоҷикӣ
th tha tha Thai/ไทย
ti tir tir Tigrinya/ትግርኛ
tk tuk tuk Turkmen/türkmençe
tl tgl tgl Tagalog
tn tsn tsn Tswana
to ton ton Tonga/Tongan
tr tur tur Turkish/Türkçe
ts tso tso Tsonga
tt tat tat Tatar/татарча
tw twi twi Twi
ty tah tah Tahitian
ug uig uig Uyghur/Uighur
uk ukr ukr Ukrainian/українська
ur urd urd Urdu/اردو
uz uzb uzb Uzbek/o'zbek
ve ven ven Venda
vi vie vie Vietnamese/Tiếng Việt
vo vol vol Volapük
wa wln wln Walloon/walon
wo wol wol Wolof
xh xho xho Xhosa/isiXhosa
yi yid yid Yiddish/ייִדיש
yo yor yor Yoruba
za zha zha Zhuang
zh chi zho Chinese/中文
zu zul zul Zulu/isiZulu
"""
"""One language a line: ISO 639-1, 639-2/B, 639-2/T (= 639-3), then its names: the English one
first, others and its own after strokes. `-`: it has no such code."""

WITH_THREE_LETTERS = """
arc Aramaic/Imperial Aramaic
ast Asturian/asturianu
bho Bhojpuri/भोजपुरी
ceb Cebuano/Sinugboanon
chr Cherokee
ckb Central Kurdish/Sorani
cmn Mandarin/Mandarin Chinese/普通话/國語/国语
fil Filipino/Wikang Filipino
frp Franco-Provençal/Arpitan
fur Friulian/furlan
gsw Swiss German/Alemannic/Schweizerdeutsch/Schwyzerdütsch
hak Hakka/Hakka Chinese
haw Hawaiian
hmn Hmong
hsb Upper Sorbian
ilo Ilocano/Iloko
kab Kabyle
kmr Northern Kurdish/Kurmanji
kok Konkani
lad Ladino/Judeo-Spanish
mai Maithili
mni Manipuri/Meitei
nan Min Nan/Hokkien/Taiwanese/Min Nan Chinese
nap Neapolitan
nds Low German/Plattdeutsch
prs Dari
rom Romany/Romani
sco Scots
scn Sicilian
sgn Sign language
sit Sino-Tibetan
smn Inari Sami
sux Sumerian
szl Silesian
tlh Klingon
tpi Tok Pisin
vec Venetian
wuu Wu/Shanghainese/Wu Chinese
yue Cantonese/Yue/Yue Chinese/粵語/粤语/廣東話/广东话
"""
"""Languages that 639-1 leaves out: 639-3 (or 639-2), then names as above."""

OTHER_CODES = {
    # withdrawn codes that files still carry
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "mol": "ro", "scr": "hr", "scc": "sr",
    # the one member of a macrolanguage that people mean by its name
    "arb": "ar", "pes": "fa", "zsm": "ms", "ekk": "et", "lvs": "lv", "swh": "sw", "khk": "mn", "azj": "az",
    "uzn": "uz", "npi": "ne", "ory": "or", "plt": "mg", "als": "sq", "ydd": "yi", "gug": "gn", "quz": "qu",
    # country codes written where a language belongs, as far as they are no language's own
    "jp": "ja", "cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "ua": "uk", "vn": "vi", "us": "en",
    "gb": "en",
    # what subtitle sites write
    "pob": "pt", "pb": "pt", "zhe": "zh", "zht": "zh", "zhs": "zh", "spl": "es",
}  # fmt: skip
"""Codes outside the lists and the one that stands for them."""

NOT_SAID = frozenset(
    {"", "und", "mis", "mul", "zxx", "unk", "unknown", "undetermined", "undefined", "none", "null", "n/a"}
)
"""Tags that name no language: undetermined, uncoded, several, no speech, and how people spell that."""
