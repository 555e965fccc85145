//! What the commands of a window are given: mostly of the right shape, so that it gets past it.

use super::Command;
use serde_json::{Map, Value, json};
use shared::ids::WardId;
use shared::sample::Dice;
use sync_server::testing::PASSWORD;
use sync_server::world;

/// Makes arguments, the same from the same seed: mostly of the right shape, so that they get past it.
pub(super) struct Nonsense {
    pub(super) dice: Dice,
    /// What is at this desk: ids and versions of records, wards and staff.
    pub(super) known: Vec<String>,
    pub(super) ward: WardId,
}

impl Nonsense {
    pub(super) fn arguments(&mut self, command: &Command) -> Value {
        // what is costly when it succeeds: it reads the whole chain and makes it longer, or sets a sheet
        let is_costly = [
            "audit_trail",
            "print_slip",
            "print_day_list",
            "print_receipt",
            "print_bill",
        ]
        .contains(&command.name);
        let is_sound = !is_costly || self.dice.below(20) == 0;
        let mut given = Map::new();
        for (name, of) in &command.parameters {
            if self.dice.below(20) > 0 {
                let made = if is_sound {
                    self.argument(of)
                } else {
                    self.anything(2)
                };
                given.insert((*name).to_owned(), made);
            }
        }
        Value::Object(given)
    }

    fn argument(&mut self, of: &str) -> Value {
        if self.dice.below(6) == 0 {
            return self.anything(2);
        }
        match of.trim_start_matches("Option<").trim_end_matches('>') {
            "Kind" => json!(self.dice.pick(&["patient", "appointment", "prescription"])),
            "u32" => json!(self.dice.below(300)),
            "Value" => self.draft(),
            "RecordId" if self.dice.below(3) == 0 => json!(world::new_id()),
            "RecordId" | "WardId" | "StaffId" | "LookId" | "DeviceId" | "OpeningId" => self.known(),
            "ListAsk" => self.object(&[
                ("kind", "Kind"),
                ("ward", "WardId"),
                ("limit", "u32"),
                ("after", "String"),
            ]),
            "FreeAsk" => self.object(&[
                ("practitioner", "StaffId"),
                ("department", "StaffId"),
                ("notBefore", "String"),
                ("notAfter", "String"),
                ("patient", "RecordId"),
                ("moved", "RecordId"),
                ("limit", "u32"),
            ]),
            "DiaryAsk" => self.object(&[
                ("practitioner", "StaffId"),
                ("department", "StaffId"),
                ("from", "String"),
                ("days", "u32"),
            ]),
            "Save" => self.object(&[
                ("kind", "Kind"),
                ("id", "RecordId"),
                ("base", "Option<Heads>"),
                ("draft", "Value"),
                ("held", "Option<Heads>"),
            ]),
            "TakeAsk" => self.object(&[
                ("id", "RecordId"),
                ("bill", "RecordId"),
                ("how", "Tendered"),
                ("reference", "String"),
                ("minor", "u32"),
                ("tenderedMinor", "u32"),
            ]),
            "Tendered" => json!(self.dice.pick(&["cash", "cheque", "card_stored"])),
            "Heads" if self.dice.below(3) > 0 => Value::Null,
            "Heads" => self.known(),
            "Review" => self.object(&[
                ("device", "DeviceId"),
                ("opening", "OpeningId"),
                ("version", "u32"),
                ("finding", "Finding"),
                ("words", "String"),
            ]),
            "Finding" => json!(self.dice.pick(&["accepted", "questioned"])),
            of => {
                assert_eq!(of, "String", "what makes this?");
                self.text()
            }
        }
    }

    fn object(&mut self, members: &[(&str, &str)]) -> Value {
        let made = members
            .iter()
            .map(|(name, of)| ((*name).to_owned(), self.argument(of)));
        Value::Object(made.collect())
    }

    fn known(&mut self) -> Value {
        json!(self.known[self.dice.below(self.known.len())])
    }

    fn text(&mut self) -> Value {
        match self.dice.below(20) {
            0 => json!("x".repeat(self.dice.below(40_000))),
            1 => json!(PASSWORD),
            2 => json!(self.dice.pick(&["2027-03-01T09:00:00Z", "2027-03-01"])),
            3 | 4 => self.known(),
            5 => json!("allergy/00001.1.0/substance"),
            _ => json!(self.dice.pick(&[
                "",
                " ",
                "every",
                "\u{0}",
                "\u{202e}abc",
                "'; drop table record; --",
                "\"%_*",
                "999-99-99",
                "-1",
                "fr",
                "zz",
                "../../etc/passwd",
                "name/",
                "/",
                "status",
                "\u{fdfd}\u{1f926}\u{200d}",
                "{{n}}",
                "null",
            ])),
        }
    }

    fn draft(&mut self) -> Value {
        let mut draft = Map::new();
        if self.dice.below(2) == 0 {
            let name = json!([{ "family": self.text() }]);
            draft.extend([
                ("name".to_owned(), name),
                ("ward".to_owned(), json!(self.ward)),
            ]);
        }
        for _ in 0..self.dice.below(4) {
            let field = self.dice.pick(&[
                "birthDate",
                "gender",
                "ward",
                "bed",
                "notes",
                "mrn",
                "nationalId",
                "telecom",
                "allergy",
                "alert",
                "patient",
                "practitioner",
                "department",
                "start",
                "minutes",
                "status",
                "line",
                "signature",
                "",
            ]);
            let value = self.argument(self.dice.clone().pick(&["String", "WardId", "u32"]));
            draft.insert(field.to_owned(), value);
        }
        Value::Object(draft)
    }

    fn anything(&mut self, depth: u32) -> Value {
        match self.dice.below(if depth == 0 { 7 } else { 9 }) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1e308),
            5 | 6 => self.text(),
            7 => json!([self.anything(depth - 1), self.anything(depth - 1)]),
            _ => json!({ "": self.anything(depth - 1), "a": self.anything(depth - 1) }),
        }
    }
}
