//! Made-up people from a seed, for tests, the bench and the demo. The same seed makes the same hospital.

use crate::ids::{RecordId, StaffId, WardId};
use crate::patients;
use serde_json::{Value, json};
use uuid::Uuid;

/// A small random number generator (SplitMix64): the same numbers everywhere for the same seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    /// Returns one of the things.
    pub fn pick<'a, T: ?Sized>(&mut self, things: &[&'a T]) -> &'a T {
        things[self.below(things.len())]
    }

    /// Returns an id that sorts by `at_ms`, like one made at that moment.
    pub fn id(&mut self, at_ms: u64) -> Uuid {
        let random = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        let time = u128::from(at_ms & 0xffff_ffff_ffff) << 80;
        let bits = time
            | (0x7 << 76)
            | ((random >> 52) & 0xfff) << 64
            | (0b10 << 62)
            | (random & ((1 << 62) - 1));
        Uuid::from_u128(bits)
    }
}

const FAMILIES: &[&[&str]] = &[
    &[
        "García",
        "López",
        "Martínez",
        "Hernández",
        "Pérez",
        "Núñez",
        "Ibáñez",
        "Castro",
        "Ruiz",
        "Ortega",
    ],
    &[
        "Smith", "Jones", "O'Brien", "Taylor", "Walker", "Hughes", "Clarke", "Patel", "Khan",
        "Edwards",
    ],
    &[
        "Müller",
        "Groß",
        "Weiß",
        "Jäger",
        "Schäfer",
        "Krüger",
        "Dvořák",
        "Nováková",
        "Kowalczyk",
        "Łukasik",
    ],
    &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"],
    &[
        "محمد",
        "أحمد",
        "حسين",
        "إبراهيم",
        "العلي",
        "الحداد",
        "النجار",
        "خليل",
        "منصور",
        "صالح",
    ],
    &[
        "Иванов",
        "Смирнова",
        "Кузнецов",
        "Попова",
        "Соколов",
        "Лебедева",
        "Козлов",
        "Новикова",
        "Морозов",
        "Петрова",
    ],
    &[
        "Παπαδόπουλος",
        "Γεωργίου",
        "Οικονόμου",
        "Νικολάου",
        "Δημητρίου",
        "Ιωάννου",
        "Βασιλείου",
        "Κωνσταντίνου",
        "Αντωνίου",
        "Χρήστου",
    ],
];
const GIVEN: &[&[&str]] = &[
    &[
        "María", "José", "Elena", "Íñigo", "Lucía", "Andrés", "Sofía", "Raúl", "Inés", "Tomás",
    ],
    &[
        "Ada", "Grace", "Oliver", "Amelia", "Noah", "Priya", "Omar", "Fatima", "George", "Isla",
    ],
    &[
        "Jürgen", "Zoë", "Anton", "Käthe", "Jiří", "Zofia", "Łucja", "Bartosz", "Heike", "Sören",
    ],
    &[
        "小明", "丽", "伟", "秀英", "强", "敏", "静", "磊", "洋", "艳",
    ],
    &[
        "فاطمة",
        "علي",
        "مريم",
        "يوسف",
        "ليلى",
        "عمر",
        "نور",
        "خالد",
        "سارة",
        "زينب",
    ],
    &[
        "Ольга",
        "Иван",
        "Наталья",
        "Сергей",
        "Анна",
        "Дмитрий",
        "Мария",
        "Алексей",
        "Татьяна",
        "Павел",
    ],
    &[
        "Ελένη",
        "Γιώργος",
        "Μαρία",
        "Νίκος",
        "Αικατερίνη",
        "Δημήτρης",
        "Σοφία",
        "Κώστας",
        "Άννα",
        "Σπύρος",
    ],
];
const SCRIPTS: &[&str] = &["Latn", "Latn", "Latn", "Hani", "Arab", "Cyrl", "Grek"];
const CITIES: &[&str] = &[
    "Leeds", "York", "Hull", "Bath", "Derby", "Ripon", "Truro", "Wells",
];
const STREETS: &[&str] = &[
    "High Street",
    "Mill Lane",
    "Station Road",
    "Church Row",
    "Park View",
    "Castle Hill",
];
const GROUPS: &[&str] = &["O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-"];
const NOTES: &[&str] = &[
    "Lives alone on the second floor",
    "walks with a frame",
    "hearing aid left side",
    "prefers to be called by first name",
    "daughter visits in the evening",
    "needs an interpreter",
    "afraid of needles",
    "diet soft",
    "glasses at the bedside",
    "slept well",
    "pain under control",
    "asked about discharge",
    "wound dry and clean",
    "mobilised with one person",
    "blood pressure to be taken lying and standing",
    "reviewed by physiotherapy",
    "family informed by telephone",
    "keeps own tablets locked away",
    "smokes ten a day",
    "declined breakfast",
];

/// Returns a made-up patient of twelve fields with about two hundred characters of notes, as a draft.
pub fn patient(dice: &mut Dice, serial: u32, ward: WardId) -> Value {
    let script = dice.below(SCRIPTS.len());
    let mut notes = String::new();
    while notes.chars().count() < 180 {
        notes.push_str(dice.pick(NOTES));
        notes.push_str(". ");
    }
    json!({
        "mrn": patients::mrn(serial),
        "nationalId": format!("{:03}-{:03}-{:04}", dice.below(1000), dice.below(1000), dice.below(10_000)),
        "name": [{ "use": "official", "script": SCRIPTS[script], "family": dice.pick(FAMILIES[script]), "given": dice.pick(GIVEN[script]) }],
        "birthDate": format!("{}-{:02}-{:02}", 1930 + dice.below(94), 1 + dice.below(12), 1 + dice.below(28)),
        "gender": dice.pick(&["female", "male"]),
        "bloodGroup": dice.pick(GROUPS),
        "telecom": [{ "use": "mobile", "value": format!("07{:09}", dice.below(1_000_000_000)) }],
        "address": [{ "use": "home", "line": format!("{} {}", 1 + dice.below(200), dice.pick(STREETS)), "city": dice.pick(CITIES) }],
        "contact": [{ "name": dice.pick(GIVEN[1]), "relationship": dice.pick(&["spouse", "mother", "father", "child"]) }],
        "ward": ward,
        "bed": format!("{}-{}", dice.pick(&["A", "B", "C", "D"]), 1 + dice.below(40)),
        "notes": notes.trim_end(),
    })
}

/// Returns an appointment for a patient, as a draft.
pub fn appointment(
    patient: RecordId,
    practitioner: StaffId,
    department: Uuid,
    ward: WardId,
    start: &str,
) -> Value {
    json!({
        "patient": patient, "practitioner": practitioner, "department": department, "ward": ward, "start": start,
        "minutes": 30, "status": "booked", "reason": "Review",
    })
}

/// Returns a prescription of one line for a patient, as a draft.
pub fn prescription(dice: &mut Dice, patient: RecordId, ward: WardId, authored_on: &str) -> Value {
    let medicine = dice.pick(&[
        "Paracetamol",
        "Amoxicillin",
        "Metformin",
        "Ramipril",
        "Salbutamol",
    ]);
    json!({
        "patient": patient, "ward": ward, "status": "draft", "authoredOn": authored_on,
        "line": [{ "medicine": medicine, "dose": dice.pick(&["250", "500", "2.5"]), "unit": "mg", "route": "oral",
            "frequency": dice.pick(&["QD", "BID", "TID"]), "days": 1 + dice.below(14) }],
    })
}
