package microsoftads

import "strings"

// zones are the IANA zones of Microsoft's names, written without underscores:
// its services differ in where they put them. Where a name covers several
// zones it is the one that Microsoft's own table for scripts has
// (learn.microsoft.com/advertising/scripts/concepts/timezone-mapping).
var zones = map[string]string{
	"AbuDhabiMuscat":                         "Asia/Dubai",
	"Adelaide":                               "Australia/Adelaide",
	"Alaska":                                 "America/Anchorage",
	"AlmatyNovosibirsk":                      "Asia/Novosibirsk",
	"AmsterdamBerlinBernRomeStockholmVienna": "Europe/Berlin",
	"Arizona":                                "America/Phoenix",
	"AthensBuckarestIstanbul":                "Europe/Athens",
	"AtlanticTimeCanada":                     "America/Halifax",
	"AucklandWellington":                     "Pacific/Auckland",
	"Azores":                                 "Atlantic/Azores",
	"Baghdad":                                "Asia/Baghdad",
	"BakuTbilisiYerevan":                     "Asia/Baku",
	"BangkokHanoiJakarta":                    "Asia/Bangkok",
	"BeijingChongqingHongKongUrumqi":         "Asia/Shanghai",
	"BelgradeBratislavaBudapestLjubljanaPrague": "Europe/Budapest",
	"BogotaLimaQuito":               "America/Bogota",
	"Brasilia":                      "America/Sao_Paulo",
	"Brisbane":                      "Australia/Brisbane",
	"BrusselsCopenhagenMadridParis": "Europe/Paris",
	"Bucharest":                     "Europe/Bucharest",
	"BuenosAiresGeorgetown":         "America/Argentina/Buenos_Aires",
	"Cairo":                         "Africa/Cairo",
	"CanberraMelbourneSydney":       "Australia/Sydney",
	"CapeVerdeIsland":               "Atlantic/Cape_Verde",
	"CaracasLaPaz":                  "America/Caracas",
	"CasablancaMonrovia":            "Africa/Casablanca",
	"CentralAmerica":                "America/Guatemala",
	"CentralTimeUSCanada":           "America/Chicago",
	"ChennaiKolkataMumbaiNewDelhi":  "Asia/Kolkata",
	"ChihuahuaLaPazMazatlan":        "America/Chihuahua",
	"Darwin":                        "Australia/Darwin",
	"EasternTimeUSCanada":           "America/New_York",
	"Ekaterinburg":                  "Asia/Yekaterinburg",
	"FijiKamchatkaMarshallIsland":   "Pacific/Fiji",
	"Greenland":                     "America/Nuuk",
	"GreenwichMeanTimeDublinEdinburghLisbonLondon": "Europe/London",
	"GuadalajaraMexicoCityMonterrey":               "America/Mexico_City",
	"GuamPortMoresby":                              "Pacific/Guam",
	"HararePretoria":                               "Africa/Harare",
	"Hawaii":                                       "Pacific/Honolulu",
	"HelsinkiKyivRigaSofiaTallinnVilnius":          "Europe/Helsinki",
	"Hobart":                                       "Australia/Hobart",
	"IndianaEast":                                  "America/Indiana/Indianapolis",
	"IrkutskUlaanBataar":                           "Asia/Irkutsk",
	"Jerusalem":                                    "Asia/Jerusalem",
	"Kabul":                                        "Asia/Kabul",
	"Kathmandu":                                    "Asia/Kathmandu",
	"Krasnoyarsk":                                  "Asia/Krasnoyarsk",
	"KualaLumpurSingapore":                         "Asia/Singapore",
	"KuwaitRiyadh":                                 "Asia/Riyadh",
	"MoscowStPetersburgVolgograd":                  "Europe/Moscow",
	"MountainTimeUSCanada":                         "America/Denver",
	"Nairobi":                                      "Africa/Nairobi",
	"Newfoundland":                                 "America/St_Johns",
	"Nukualofa":                                    "Pacific/Tongatapu",
	"OsakaSapporoTokyo":                            "Asia/Tokyo",
	"PacificTimeUSCanadaTijuana":                   "America/Los_Angeles",
	"Perth":                                        "Australia/Perth",
	"Rangoon":                                      "Asia/Yangon",
	"Santiago":                                     "America/Santiago",
	"SarajevoSkopjeWarsawZagreb":                   "Europe/Warsaw",
	"Saskatchewan":                                 "America/Regina",
	"Seoul":                                        "Asia/Seoul",
	"SriJayawardenepura":                           "Asia/Colombo",
	"Taipei":                                       "Asia/Taipei",
	"Tehran":                                       "Asia/Tehran",
	"Vladivostok":                                  "Asia/Vladivostok",
	"WestCentralAfrica":                            "Africa/Lagos",
	"Yakutsk":                                      "Asia/Yakutsk",
}

// zone is the IANA name of one of Microsoft's zones; fallback where adtop does
// not know it.
func zone(name, fallback string) string {
	if known := zones[strings.ReplaceAll(name, "_", "")]; known != "" {
		return known
	}
	return fallback
}
