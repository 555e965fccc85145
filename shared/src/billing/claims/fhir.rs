//! Claims as insurers are sent them, and their answers as they come: FHIR R4 `Claim` and `ClaimResponse`.
//!
//! FHIR writes money as a decimal number. It is written and read as the text of the number; one of up to fifteen digits, which every
//! amount a document may be about has, is the same for every reader of JSON.

use super::answers::{Answer, Outcome};
use super::{ClaimState, Response};
use crate::ledger::journals::Cover;
use crate::money::Money;
use crate::money::currency::Currency;
use crate::payments::settlements::minor_of;
use crate::problem::Problem;
use jiff::civil::Date;
use serde_json::{Number, Value, json};
use uuid::Uuid;

/// What an insurer is told of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    pub id: Uuid,
    pub version: u32,
    /// The version it takes the place of.
    pub before: Option<Uuid>,
    pub state: ClaimState,
    pub bill_number: i64,
    /// What the bill is for.
    pub what: &'a str,
    pub patient: Uuid,
    pub coverage: Uuid,
    pub payor: &'a str,
    pub subscriber: &'a str,
    pub order: u32,
    pub hospital: &'a str,
    pub made: Date,
    pub served: Date,
    pub amount: Money,
}

fn coded(system: &str, code: &str) -> Value {
    let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
    json!({ "coding": [{ "system": system, "code": code }] })
}

fn amount(money: Money) -> Value {
    let number: Option<Number> = money.decimal().parse().ok();
    json!({ "value": number, "currency": money.currency })
}

/// Returns a claim as an insurer is sent it.
pub fn claim(asked: &Asked<'_>) -> Value {
    let Asked {
        id,
        version,
        patient,
        ..
    } = asked;
    let mut claim = json!({
        "resourceType": "Claim",
        "id": id,
        "identifier": [{ "system": "urn:wardbook:claim", "value": format!("{}-{version}", asked.bill_number) }],
        "status": asked.state.fhir().claim,
        "type": coded("claim-type", "professional"),
        "use": "claim",
        "patient": { "reference": format!("Patient/{patient}") },
        "created": asked.made,
        "provider": { "display": asked.hospital },
        "priority": coded("processpriority", "normal"),
        "insurance": [{
            "sequence": asked.order,
            "focal": true,
            "identifier": { "value": asked.subscriber },
            "coverage": { "reference": format!("Coverage/{}", asked.coverage), "display": asked.payor },
        }],
        "item": [{
            "sequence": 1,
            "productOrService": { "text": asked.what },
            "servicedDate": asked.served,
            "net": amount(asked.amount),
        }],
        "total": amount(asked.amount),
    });
    if let Some(before) = asked.before {
        let related = json!([{ "claim": { "reference": format!("Claim/{before}") }, "relationship": coded("ex-relatedclaimrelationship", "prior") }]);
        claim["related"] = related;
    }
    claim
}

/// Reads an insurer's answer to a claim about so much.
///
/// # Errors
/// `claim.response` with what cannot be read, `claim.response_other` when it is about another claim, `money.currency_mismatch`, and
/// `claim.response_sum` when it covers more than was asked.
pub fn response(text: &str, claim: Uuid, submitted: Money) -> Result<Answer, Problem> {
    let wrong = |field: &str| Problem::new("claim.response", "response").with("field", field);
    let said: Value = serde_json::from_str(text).map_err(|_| wrong("resourceType"))?;
    if said["resourceType"] != "ClaimResponse" {
        return Err(wrong("resourceType"));
    }
    let id = said["id"]
        .as_str()
        .filter(|id| !id.is_empty() && id.len() <= 64);
    let about = said["request"]["reference"].as_str().unwrap_or("");
    if about.rsplit('/').next() != Some(claim.to_string().as_str()) {
        return Err(Problem::new("claim.response_other", "response"));
    }
    let outcome = said["outcome"].as_str().and_then(Outcome::parse);
    let version = &said["meta"]["versionId"];
    let version = if version.is_null() {
        Some(1)
    } else {
        version.as_str().and_then(|version| version.parse().ok())
    };
    let of = |code: &str| total(&said, code, submitted.currency);
    let cover = Cover {
        benefit: of("benefit")?,
        contractual: of("contractual")?,
    };
    if cover.benefit + cover.contractual > submitted.minor {
        return Err(Problem::new("claim.response_sum", "response").with("max", submitted));
    }
    Ok(Answer {
        response: Response {
            id: id.ok_or_else(|| wrong("id"))?.into(),
            version: version.ok_or_else(|| wrong("meta.versionId"))?,
            cover,
        },
        outcome: outcome.ok_or_else(|| wrong("outcome"))?,
    })
}

/// Returns the total of a category; nothing when it is not mentioned.
fn total(said: &Value, code: &str, currency: Currency) -> Result<i64, Problem> {
    let wrong =
        || Problem::new("claim.response", "response").with("field", format!("total.{code}"));
    let none = Vec::new();
    let totals = said["total"].as_array().unwrap_or(&none);
    let is_it = |total: &&Value| {
        let codings = total["category"]["coding"].as_array();
        codings.is_some_and(|codings| codings.iter().any(|coding| coding["code"] == code))
    };
    let Some(found) = totals.iter().find(is_it) else {
        return Ok(0);
    };
    let letters = found["amount"]["currency"].as_str();
    let theirs = letters.and_then(Currency::parse).ok_or_else(wrong)?;
    currency.must_be(theirs)?;
    let Value::Number(number) = &found["amount"]["value"] else {
        return Err(wrong());
    };
    let text = number.to_string();
    let minor = minor_of(&text, currency).filter(|minor| *minor >= 0);
    let minor = minor.ok_or_else(wrong)?;
    Money::new(minor, currency).of_document()?;
    Ok(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, currency: &str) -> Money {
        Money::new(minor, Currency::parse(currency).expect("a currency"))
    }

    const ID: Uuid = Uuid::from_u128(7);

    fn said(benefit: &str, currency: &str, outcome: &str) -> String {
        format!(
            r#"{{"resourceType":"ClaimResponse","id":"r1","meta":{{"versionId":"2"}},"status":"active","outcome":"{outcome}",
            "request":{{"reference":"https://hub.example/fhir/Claim/{ID}"}},"total":[
            {{"category":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted"}}]}},"amount":{{"value":105.00,"currency":"{currency}"}}}},
            {{"category":{{"coding":[{{"code":"benefit"}}]}},"amount":{{"value":{benefit},"currency":"{currency}"}}}}]}}"#
        )
    }

    #[test]
    fn a_claim_is_what_fhir_says_and_its_money_is_exact() {
        let of = |amount: Money| {
            claim(&Asked {
                id: ID,
                version: 2,
                before: Some(Uuid::from_u128(6)),
                state: ClaimState::Submitted,
                bill_number: 12,
                what: "consultation",
                patient: Uuid::from_u128(1),
                coverage: Uuid::from_u128(2),
                payor: "Mutual",
                subscriber: "M-1",
                order: 1,
                hospital: "St Vincent",
                made: jiff::civil::date(2026, 11, 21),
                served: jiff::civil::date(2026, 11, 20),
                amount,
            })
        };
        let shown = of(money(10_550, "INR"));
        for field in [
            "status",
            "type",
            "use",
            "patient",
            "created",
            "provider",
            "priority",
            "insurance",
        ] {
            assert!(!shown[field].is_null(), "FHIR wants {field}");
        }
        assert_eq!(shown["identifier"][0]["value"], "12-2");
        assert_eq!(shown["created"], "2026-11-21");
        assert_eq!(
            shown["related"][0]["claim"]["reference"],
            format!("Claim/{}", Uuid::from_u128(6))
        );
        let check = |amount: Money, expect: &str| {
            assert_eq!(of(amount)["total"]["value"].to_string(), expect);
        };
        check(money(10_550, "INR"), "105.5");
        check(money(999_999_999_999, "INR"), "9999999999.99");
        check(money(999_999_999_999, "KWD"), "999999999.999");
        check(money(50, "JPY"), "50");
    }

    #[test]
    fn an_answer_is_read_exactly() {
        let check = |benefit: &str, currency: &str, expect: i64| {
            let read = response(
                &said(benefit, currency, "complete"),
                ID,
                money(999_999_999_999, currency),
            );
            let read = read.expect("an answer");
            assert_eq!(
                (read.response.cover.benefit, read.response.version),
                (expect, 2),
                "{benefit}"
            );
        };
        check("72.00", "INR", 7_200);
        check("72", "INR", 7_200);
        check("0.29", "INR", 29);
        check("9999999999.99", "INR", 999_999_999_999);
        check("0.001", "KWD", 1);
        check("72", "JPY", 72);
    }

    #[test]
    fn an_answer_that_is_none_or_says_too_much_is_refused() {
        let asked = money(10_500, "INR");
        let check = |text: &str, code: &str| {
            assert_eq!(
                response(text, ID, asked).expect_err("refused").code,
                code,
                "{text}"
            );
        };
        let good = said("72", "INR", "complete");
        assert!(response(&good, ID, asked).is_ok());
        check("{", "claim.response");
        check("[]", "claim.response");
        check(&good.replace("ClaimResponse", "Claim"), "claim.response");
        check(&good.replace("\"r1\"", "\"\""), "claim.response");
        check(&good.replace("complete", "done"), "claim.response");
        check(&good.replace("\"2\"", "\"two\""), "claim.response");
        check(&good.replace("72", "72.001"), "claim.response");
        check(&good.replace(":72", ":\"72\""), "claim.response");
        check(&good.replace(":72", ":-72"), "claim.response");
        check(&good.replace("72", "105.01"), "claim.response_sum");
        check(&said("72", "EUR", "complete"), "money.currency_mismatch");
        check(
            &good.replace(&ID.to_string(), &Uuid::nil().to_string()),
            "claim.response_other",
        );
    }
}
