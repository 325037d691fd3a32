package ucum

// prefixRows lists the prefixes: code, case-insensitive code, factor, name;
// in the order of their codes.
const prefixRows = `E|EX|1e18|exa
G|GA|1e9|giga
Gi|GIB|1073741824|gibi
Ki|KIB|1024|kibi
M|MA|1e6|mega
Mi|MIB|1048576|mebi
P|PT|1e15|peta
T|TR|1e12|tera
Ti|TIB|1099511627776|tebi
Y|YA|1e24|yotta
Z|ZA|1e21|zetta
a|A|1e-18|atto
c|C|1e-2|centi
d|D|1e-1|deci
da|DA|1e1|deka
f|F|1e-15|femto
h|H|1e2|hecto
k|K|1e3|kilo
m|M|1e-3|milli
n|N|1e-9|nano
p|P|1e-12|pico
u|U|1e-6|micro
y|YO|1e-24|yocto
z|ZO|1e-21|zepto
`

// unitRows lists the units of UCUM 2.2 (17 June 2024), base units included,
// in the order of their codes. The columns are: code; case-insensitive code;
// flags (m: takes prefixes, a: arbitrary); the exact factor to the base units
// as numerator, "/denominator", "e" power of ten and "p" power of pi; the
// dimension over the base units, or the arbitrary unit itself; the name; and
// for a special unit the function that leads to its scale, in which case
// factor and dimension are those of the unit the function is applied to.
const unitRows = `%|%||1e-2||percent|
%[slope]|%[SLOPE]||5/9e-2p1|rad|percent of slope|100tan
'|'||25/27e-4p1|rad|minute|
''|''||125/81e-6p1|rad|second|
10*|10*||1e1||the number ten for arbitrary powers|
10^|10^||1e1||the number ten for arbitrary powers|
A|A|m|1|C.s-1|ampère|
AU|ASU||149597870691|m|astronomic unit|
Ao|AO||1e-10|m|Ångström|
B|B|m|1||bel|lg
B[10.nV]|B[10.NV]|m|1e-5|C-1.g.m2.s-2|bel 10 nanovolt|lgTimes2
B[SPL]|B[SPL]|m|2e-2|g.m-1.s-2|bel sound pressure|lgTimes2
B[V]|B[V]|m|1e3|C-1.g.m2.s-2|bel volt|lgTimes2
B[W]|B[W]|m|1e3|g.m2.s-3|bel watt|lg
B[kW]|B[KW]|m|1e6|g.m2.s-3|bel kilowatt|lg
B[mV]|B[MV]|m|1|C-1.g.m2.s-2|bel millivolt|lgTimes2
B[uV]|B[UV]|m|1e-3|C-1.g.m2.s-2|bel microvolt|lgTimes2
Bd|BD|m|1|s-1|baud|
Bi|BI|m|1e1|C.s-1|Biot|
Bq|BQ|m|1|s-1|becquerel|
By|BY|m|8||byte|
C|C|m|1|C|coulomb|
Cel|CEL|m|1|K|degree Celsius|Cel
Ci|CI|m|37e9|s-1|Curie|
F|F|m|1e-3|C2.g-1.m-2.s2|farad|
G|GS|m|1e-1|C-1.g.s-1|Gauss|
Gal|GL|m|1e-2|m.s-2|Gal|
Gb|GB|m|25e-1p-1|C.s-1|Gilbert|
Gy|GY|m|1|m2.s-2|gray|
H|H|m|1e3|C-2.g.m2|henry|
Hz|HZ|m|1|s-1|hertz|
J|J|m|1e3|g.m2.s-2|joule|
K|K|m|1|K|kelvin|
Ky|KY|m|1e2|m-1|Kayser|
L|L|m|1e-3|m3|liter|
Lmb|LMB|m|1e4p-1|cd.m-2|Lambert|
Mx|MX|m|1e-5|C-1.g.m2.s-1|Maxwell|
N|N|m|1e3|g.m.s-2|newton|
Np|NEP|m|1||neper|ln
Oe|OE|m|25e1p-1|C.m-1.s-1|Oersted|
Ohm|OHM|m|1e3|C-2.g.m2.s-1|ohm|
P|P|m|1e2|g.m-1.s-1|Poise|
Pa|PAL|m|1e3|g.m-1.s-2|pascal|
R|ROE|m|258e-9|C.g-1|Roentgen|
RAD|[RAD]|m|1e-2|m2.s-2|radiation absorbed dose|
REM|[REM]|m|1e-2|m2.s-2|radiation equivalent man|
S|SIE|m|1e-3|C2.g-1.m-2.s|siemens|
St|ST|m|1e-4|m2.s-1|Stokes|
Sv|SV|m|1|m2.s-2|sievert|
T|T|m|1e3|C-1.g.s-1|tesla|
U|U|m|301107038/3e8|s-1|Unit|
V|V|m|1e3|C-1.g.m2.s-2|volt|
W|W|m|1e3|g.m2.s-3|watt|
Wb|WB|m|1e3|C-1.g.m2.s-1|weber|
[APL'U]|[APL'U]|a|1|[APL'U]|APL unit|
[AU]|[AU]|a|1|[AU]|allergen unit|
[Amb'a'1'U]|[AMB'A'1'U]|a|1|[Amb'a'1'U]|allergen unit for Ambrosia artemisiifolia|
[BAU]|[BAU]|a|1|[BAU]|bioequivalent allergen unit|
[Btu]|[BTU]||105435e1|g.m2.s-2|British thermal unit|
[Btu_39]|[BTU_39]||105967e1|g.m2.s-2|British thermal unit at 39 °F|
[Btu_59]|[BTU_59]||10548e2|g.m2.s-2|British thermal unit at 59 °F|
[Btu_60]|[BTU_60]||105468e1|g.m2.s-2|British thermal unit at 60 °F|
[Btu_IT]|[BTU_IT]||105505585262e-5|g.m2.s-2|international table British thermal unit|
[Btu_m]|[BTU_M]||105587e1|g.m2.s-2|mean British thermal unit|
[Btu_th]|[BTU_TH]||105435e1|g.m2.s-2|thermochemical British thermal unit|
[CCID_50]|[CCID_50]|a|1|[CCID_50]|50% cell culture infectious dose|
[CFU]|[CFU]|a|1|[CFU]|colony forming units|
[Cal]|[CAL]||4184e3|g.m2.s-2|nutrition label Calories|
[Ch]|[CH]||1/3e-3|m|Charrière|
[D'ag'U]|[D'AG'U]|a|1|[D'ag'U]|D-antigen unit|
[EID_50]|[EID_50]|a|1|[EID_50]|50% embryo infectious dose|
[ELU]|[ELU]|a|1|[ELU]|ELISA unit|
[EU]|[EU]|a|1|[EU]|Ehrlich unit|
[FEU]|[FEU]|a|1|[FEU]|fibrinogen equivalent unit|
[FFU]|[FFU]|a|1|[FFU]|focus forming units|
[FNU]|[FNU]||1||Formazin Nephelometric Unit|
[GPL'U]|[GPL'U]|a|1|[GPL'U]|GPL unit|
[G]|[GC]|m|66743e-18|g-1.m3.s-2|Newtonian constant of gravitation|
[HPF]|[HPF]||1||high power field|
[HP]|[HP]||74569987158227022e-11|g.m2.s-3|horsepower|
[IR]|[IR]|a|1|[IR]|index of reactivity|
[IU]|[IU]|ma|1|[iU]|international unit|
[LPF]|[LPF]||1e2||low power field|
[Lf]|[LF]|a|1|[Lf]|Limit of flocculation|
[MET]|[MET]||175/3e-12|g-1.m3.s-1|metabolic equivalent|
[MPL'U]|[MPL'U]|a|1|[MPL'U]|MPL unit|
[NTU]|[NTU]||1||Nephelometric Turbidity Unit|
[PFU]|[PFU]|a|1|[PFU]|plaque forming units|
[PNU]|[PNU]|a|1|[PNU]|protein nitrogen unit|
[PRU]|[PRU]||133322e6|g.m-4.s-1|peripheral vascular resistance unit|
[S]|[S]||1e-13|s|Svedberg unit|
[TCID_50]|[TCID_50]|a|1|[TCID_50]|50% tissue culture infectious dose|
[USP'U]|[USP'U]|a|1|[USP'U]|United States Pharmacopeia unit|
[acr_br]|[ACR_BR]||4046850049400269056e-15|m2|acre|
[acr_us]|[ACR_US]||627264/15499969e5|m2|acre|
[anti'Xa'U]|[ANTI'XA'U]|a|1|[anti'Xa'U]|anti factor Xa unit|
[arb'U]|[ARB'U]|a|1|[arb'U]|arbitrary unit|
[bbl_us]|[BBL_US]||158987294928e-12|m3|barrel|
[bdsk'U]|[BDSK'U]|a|1|[bdsk'U]|Bodansky unit|
[beth'U]|[BETH'U]|a|1|[beth'U]|Bethesda unit|
[bf_i]|[BF_I]||2359737216e-12|m3|board foot|
[bu_br]|[BU_BR]||3636872e-8|m3|bushel|
[bu_us]|[BU_US]||3523907016688e-14|m3|bushel|
[c]|[C]|m|299792458|m.s-1|velocity of light|
[car_Au]|[CAR_AU]||125/3e-3||carat of gold alloys|
[car_m]|[CAR_M]||2e-1|g|metric carat|
[cft_i]|[CFT_I]||28316846592e-12|m3|cubic foot|
[ch_br]|[CH_BR]||2011678416e-8|m|Gunter's chain|
[ch_us]|[CH_US]||792/3937e2|m|Gunter's chain|
[cicero]|[CICERO]||406/9e-4|m|cicero|
[cin_i]|[CIN_I]||16387064e-12|m3|cubic inch|
[cml_i]|[CML_I]||16129e-14p1|m2|circular mil|
[cr_i]|[CR_I]||3624556363776e-12|m3|cord|
[crd_us]|[CRD_US]||3624556363776e-12|m3|cord|
[cup_m]|[CUP_M]||24e-5|m3|metric cup|
[cup_us]|[CUP_US]||2365882365e-13|m3|cup|
[cyd_i]|[CYD_I]||764554857984e-12|m3|cubic yard|
[degF]|[DEGF]||5/9|K|degree Fahrenheit|degF
[degR]|[degR]||5/9|K|degree Rankine|
[degRe]|[degRe]||125e-2|K|degree Réaumur|degRe
[den]|[DEN]||1/9e-3|g.m-1|Denier|
[didot]|[DIDOT]||1015/27e-5|m|didot|
[diop]|[DIOP]||1|m-1|diopter|
[dpt_us]|[DPT_US]||5506104713575e-16|m3|dry pint|
[dqt_us]|[DQT_US]||1101220942715e-15|m3|dry quart|
[dr_ap]|[DR_AP]||38879346e-7|g|dram|
[dr_av]|[DR_AV]||17718451953125e-13|g|dram|
[drp]|[DRP]||5e-8|m3|drop|
[dye'U]|[DYE'U]|a|1|[dye'U]|Dye unit|
[e]|[E]|m|1602176634e-28|C|elementary charge|
[eps_0]|[EPS_0]|m|8854187817e-24|C2.g-1.m-3.s2|permittivity of vacuum|
[fdr_br]|[FDR_BR]||35516328125e-16|m3|fluid dram|
[fdr_us]|[FDR_US]||36966911953125e-19|m3|fluid dram|
[foz_br]|[FOZ_BR]||284130625e-13|m3|fluid ounce|
[foz_m]|[FOZ_M]||3e-5|m3|metric fluid ounce|
[foz_us]|[FOZ_US]||295735295625e-16|m3|fluid ounce|
[ft_br]|[FT_BR]||30479976e-8|m|foot|
[ft_i]|[FT_I]||3048e-4|m|foot|
[ft_us]|[FT_US]||12/3937e2|m|foot|
[fth_br]|[FTH_BR]||182879856e-8|m|fathom|
[fth_i]|[FTH_I]||18288e-4|m|fathom|
[fth_us]|[FTH_US]||72/3937e2|m|fathom|
[fur_us]|[FUR_US]||792/3937e3|m|furlong|
[g]|[G]|m|980665e-5|m.s-2|standard acceleration of free fall|
[gal_br]|[GAL_BR]||454609e-8|m3|gallon|
[gal_us]|[GAL_US]||3785411784e-12|m3|Queen Anne's wine gallon|
[gal_wi]|[GAL_WI]||440488377086e-14|m3|historical winchester gallon|
[gil_br]|[GIL_BR]||1420653125e-13|m3|gill|
[gil_us]|[GIL_US]||11829411825e-14|m3|gill|
[gr]|[GR]||6479891e-8|g|grain|
[h]|[H]|m|662607015e-39|g.m2.s-1|Planck constant|
[hd_i]|[HD_I]||1016e-4|m|hand|
[hnsf'U]|[HNSF'U]||1||Hounsfield unit|
[hp'_C]|[HP'_C]||1||homeopathic potency of centesimal series (retired)|hpC
[hp'_M]|[HP'_M]||1||homeopathic potency of millesimal series (retired)|hpM
[hp'_Q]|[HP'_Q]||1||homeopathic potency of quintamillesimal series (retired)|hpQ
[hp'_X]|[HP'_X]||1||homeopathic potency of decimal series (retired)|hpX
[hp_C]|[HP_C]|a|1|[hp_C]|homeopathic potency of centesimal hahnemannian series|
[hp_M]|[HP_M]|a|1|[hp_M]|homeopathic potency of millesimal hahnemannian series|
[hp_Q]|[HP_Q]|a|1|[hp_Q]|homeopathic potency of quintamillesimal hahnemannian series|
[hp_X]|[HP_X]|a|1|[hp_X]|homeopathic potency of decimal hahnemannian series|
[iU]|[IU]|ma|1|[iU]|international unit|
[in_br]|[IN_BR]||2539998e-8|m|inch|
[in_i'H2O]|[IN_I'H2O]||24908891e-2|g.m-1.s-2|inch of water column|
[in_i'Hg]|[IN_I'HG]||33863788e-1|g.m-1.s-2|inch of mercury column|
[in_i]|[IN_I]||254e-4|m|inch|
[in_us]|[IN_US]||1/3937e2|m|inch|
[k]|[K]|m|1380649e-26|K-1.g.m2.s-2|Boltzmann constant|
[ka'U]|[KA'U]|a|1|[ka'U]|King-Armstrong unit|
[kn_br]|[KN_BR]||514772928e-9|m.s-1|knot|
[kn_i]|[KN_I]||463/9e-2|m.s-1|knot|
[knk'U]|[KNK'U]|a|1|[knk'U]|Kunkel unit|
[kp_C]|[KP_C]|a|1|[kp_C]|homeopathic potency of centesimal korsakovian series|
[kp_M]|[KP_M]|a|1|[kp_M]|homeopathic potency of millesimal korsakovian series|
[kp_Q]|[KP_Q]|a|1|[kp_Q]|homeopathic potency of quintamillesimal korsakovian series|
[kp_X]|[KP_X]|a|1|[kp_X]|homeopathic potency of decimal korsakovian series|
[lb_ap]|[LB_AP]||3732417216e-7|g|pound|
[lb_av]|[LB_AV]||45359237e-5|g|pound|
[lb_tr]|[LB_TR]||3732417216e-7|g|pound|
[lbf_av]|[LBF_AV]||44482216152605e-10|g.m.s-2|pound force|
[lcwt_av]|[LCWT_AV]||5080234544e-5|g|long hundredweight|
[ligne]|[LIGNE]||203/9e-4|m|ligne|
[lk_br]|[LK_BR]||2011678416e-10|m|link for Gunter's chain|
[lk_us]|[LK_US]||792/3937|m|link for Gunter's chain|
[lne]|[LNE]||635/3e-5|m|line|
[lton_av]|[LTON_AV]||10160469088e-4|g|long ton|
[ly]|[LY]|m|94607304725808e2|m|light-year|
[m/s2/Hz^(1/2)]|[M/S2/HZ^(1/2)]||1|m2.s-3|meter per square seconds per square root of hertz|sqrt
[m_e]|[M_E]|m|91093837139e-38|g|electron mass|
[m_p]|[M_P]|m|167262192595e-35|g|proton mass|
[mclg'U]|[MCLG'U]|a|1|[mclg'U]|Mac Lagan unit|
[mesh_i]|[MESH_I]||5/127e3|m-1|mesh|
[mi_br]|[MI_BR]||16093427328e-7|m|mile|
[mi_i]|[MI_I]||1609344e-3|m|mile|
[mi_us]|[MI_US]||6336/3937e3|m|mile|
[mil_i]|[MIL_I]||254e-7|m|mil|
[mil_us]|[MIL_US]||1/3937e-1|m|mil|
[min_br]|[MIN_BR]||177581640625/3e-18|m3|minim|
[min_us]|[MIN_US]||61611519921875e-21|m3|minim|
[mu_0]|[MU_0]|m|4e-4p1|C-2.g.m|permeability of vacuum|
[nmi_br]|[NMI_BR]||18531825408e-7|m|nautical mile|
[nmi_i]|[NMI_I]||1852|m|nautical mile|
[oz_ap]|[OZ_AP]||311034768e-7|g|ounce|
[oz_av]|[OZ_AV]||28349523125e-9|g|ounce|
[oz_m]|[OZ_M]||28|g|metric ounce|
[oz_tr]|[OZ_TR]||311034768e-7|g|ounce|
[p'diop]|[P'DIOP]||1|rad|prism diopter|tanTimes100
[pH]|[PH]||602214076e18|m-3|pH|pH
[pc_br]|[PC_BR]||7619994e-7|m|pace|
[pca]|[PCA]||127/3e-4|m|pica|
[pca_pr]|[PCA_PR]||42175176e-10|m|Printer's pica|
[pi]|[PI]||1p1||the number pi|
[pied]|[PIED]||3248e-4|m|pied|
[pk_br]|[PK_BR]||909218e-8|m3|peck|
[pk_us]|[PK_US]||880976754172e-14|m3|peck|
[pnt]|[PNT]||3175/9e-6|m|point|
[pnt_pr]|[PNT_PR]||3514598e-10|m|Printer's point|
[pouce]|[POUCE]||812/3e-4|m|pouce|
[ppb]|[PPB]||1e-9||parts per billion|
[ppm]|[PPM]||1e-6||parts per million|
[ppth]|[PPTH]||1e-3||parts per thousand|
[pptr]|[PPTR]||1e-12||parts per trillion|
[psi]|[PSI]||1112055403815125/16129e-4|g.m-1.s-2|pound per square inch|
[pt_br]|[PT_BR]||56826125e-11|m3|pint|
[pt_us]|[PT_US]||473176473e-12|m3|pint|
[pwt_tr]|[PWT_TR]||155517384e-8|g|pennyweight|
[qt_br]|[QT_BR]||11365225e-10|m3|quart|
[qt_us]|[QT_US]||946352946e-12|m3|quart|
[rch_us]|[RCH_US]||12/3937e4|m|Ramden's chain|
[rd_br]|[RD_BR]||502919604e-8|m|rod|
[rd_us]|[RD_US]||198/3937e2|m|rod|
[rlk_us]|[RLK_US]||12/3937e2|m|link for Ramden's chain|
[sc_ap]|[SC_AP]||12959782e-7|g|scruple|
[sct]|[SCT]||40144896/15499969e6|m2|section|
[scwt_av]|[SCWT_AV]||45359237e-3|g|short hundredweight|
[sft_i]|[SFT_I]||9290304e-8|m2|square foot|
[sin_i]|[SIN_I]||64516e-8|m2|square inch|
[smgy'U]|[SMGY'U]|a|1|[smgy'U]|Somogyi unit|
[smi_us]|[SMI_US]||40144896/15499969e6|m2|square mile|
[smoot]|[SMOOT]||17018e-4|m|Smoot|
[srd_us]|[SRD_US]||39204/15499969e4|m2|square rod|
[ston_av]|[STON_AV]||90718474e-2|g|short ton|
[stone_av]|[STONE_AV]||635029318e-5|g|stone|
[syd_i]|[SYD_I]||83612736e-8|m2|square yard|
[tb'U]|[TB'U]|a|1|[tb'U]|tuberculin unit|
[tbs_m]|[TBS_M]||15e-6|m3|metric tablespoon|
[tbs_us]|[TBS_US]||1478676478125e-17|m3|tablespoon|
[todd'U]|[TODD'U]|a|1|[todd'U]|Todd unit|
[tsp_m]|[TSP_M]||5e-6|m3|metric teaspoon|
[tsp_us]|[TSP_US]||492892159375e-17|m3|teaspoon|
[twp]|[TWP]||1445216256/15499969e6|m2|township|
[wood'U]|[WOOD'U]||799932e4|g.m-4.s-1|Wood unit|
[yd_br]|[YD_BR]||91439928e-8|m|yard|
[yd_i]|[YD_I]||9144e-4|m|yard|
[yd_us]|[YD_US]||36/3937e2|m|yard|
a|ANN||315576e2|s|year|
a_g|ANN_G||31556952|s|mean Gregorian year|
a_j|ANN_J||315576e2|s|mean Julian year|
a_t|ANN_T||31556925216e-3|s|tropical year|
ar|AR|m|1e2|m2|are|
atm|ATM||101325e3|g.m-1.s-2|standard atmosphere|
att|ATT||980665e2|g.m-1.s-2|technical atmosphere|
b|BRN||1e-28|m2|barn|
bar|BAR|m|1e8|g.m-1.s-2|bar|
bit|BIT|m|1||bit|
bit_s|BIT_S||1||bit|ld
cal|CAL|m|4184|g.m2.s-2|calorie|
cal_IT|CAL_IT|m|41868e-1|g.m2.s-2|international table calorie|
cal_[15]|CAL_[15]|m|41858e-1|g.m2.s-2|calorie at 15 °C|
cal_[20]|CAL_[20]|m|41819e-1|g.m2.s-2|calorie at 20 °C|
cal_m|CAL_M|m|419002e-2|g.m2.s-2|mean calorie|
cal_th|CAL_TH|m|4184|g.m2.s-2|thermochemical calorie|
cd|CD|m|1|cd|candela|
circ|CIRC||2p1|rad|circle|
d|D||864e2|s|day|
deg|DEG||5/9e-2p1|rad|degree|
dyn|DYN|m|1e-2|g.m.s-2|dyne|
eV|EV|m|1602176634e-25|g.m2.s-2|electronvolt|
eq|EQ|m|602214076e15||equivalents|
erg|ERG|m|1e-4|g.m2.s-2|erg|
g|G|m|1|g|gram|
g%|G%|m|1e4|g.m-3|gram percent|
gf|GF|m|980665e-5|g.m.s-2|gram-force|
gon|GON||5e-3p1|rad|gon|
h|HR||36e2|s|hour|
kat|KAT|m|602214076e15|s-1|katal|
l|L|m|1e-3|m3|liter|
lm|LM|m|1|cd.rad2|lumen|
lx|LX|m|1|cd.m-2.rad2|lux|
m|M|m|1|m|meter|
m[H2O]|M[H2O]|m|980665e1|g.m-1.s-2|meter of water column|
m[Hg]|M[HG]|m|133322e3|g.m-1.s-2|meter of mercury column|
mho|MHO|m|1e-3|C2.g-1.m-2.s|mho|
min|MIN||6e1|s|minute|
mo|MO||26298e2|s|month|
mo_g|MO_G||2629746|s|mean Gregorian month|
mo_j|MO_J||26298e2|s|mean Julian month|
mo_s|MO_S||2551442976e-3|s|synodal month|
mol|MOL|m|602214076e15||mole|
osm|OSM|m|602214076e15||osmole|
pc|PRS|m|3085678e10|m|parsec|
ph|PHT|m|1e-4|cd.m-2.rad2|phot|
rad|RAD|m|1|rad|radian|
s|S|m|1|s|second|
sb|SB|m|1e4|cd.m-2|stilb|
sph|SPH||4p1|rad2|sphere|
sr|SR|m|1|rad2|steradian|
st|STR|m|1|m3|stere|
t|TNE|m|1e6|g|tonne|
tex|TEX|m|1e-3|g.m-1|tex|
u|AMU|m|16605390666e-34|g|unified atomic mass unit|
wk|WK||6048e2|s|week|
`
