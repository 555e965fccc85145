//! What a gateway says by itself, against the signatures its maker published.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod vectors;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::payments::webhooks::{
    About, AtGateway, BODY_BYTES_MAX, check_about, check_age, check_razorpay, check_stripe,
};
use uuid::Uuid;
use vectors::{lines, number};

const SECRET: &[u8] = b"whsec_test_secret";
const NOW_S: i64 = 1_700_000_000;
const BODY: &[u8] = include_bytes!("vectors/event.json");

fn signed(name: &'static str) -> &'static [u8] {
    match name {
        "razorpay_webhook.json" => include_bytes!("vectors/razorpay_webhook.json"),
        "stripe_webhook.json" => include_bytes!("vectors/stripe_webhook.json"),
        "event.json" => BODY,
        text => text.as_bytes(),
    }
}

fn sign(time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any key");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_published_signature_is_good_and_any_change_to_it_is_not() {
    for line in lines(include_str!("vectors/webhooks.csv")) {
        let (secret, body, signature) = (line[1].as_bytes(), signed(line[3]), line[4]);
        let check = |secret: &[u8], body: &[u8], signature: &str| match line[0] {
            "stripe" => {
                let header = format!("t={},v1={signature}", line[2]);
                check_stripe(&header, body, &[secret], number(line[2])).is_ok()
            }
            _ => check_razorpay(signature, body, &[secret]).is_ok(),
        };
        assert!(check(secret, body, signature), "{line:?}");
        assert!(check(secret, body, &signature.to_uppercase()), "{line:?}");
        assert!(!check(b"another", body, signature), "{line:?}");
        assert!(
            !check(secret, &body[..body.len() - 1], signature),
            "{line:?}"
        );
        assert!(!check(secret, body, &signature[1..]), "{line:?}");
        assert!(!check(secret, body, &format!("{signature}0")), "{line:?}");
        assert!(!check(secret, body, ""), "{line:?}");
        for at in 0..body.len() {
            let mut flipped = body.to_vec();
            flipped[at] ^= 1;
            assert!(!check(secret, &flipped, signature), "{line:?} at {at}");
        }
    }
}

#[test]
fn a_header_has_one_time_near_now_and_few_signatures() {
    let check = |header: &str, is_good: bool| {
        let found = check_stripe(header, BODY, &[b"old".as_slice(), SECRET], NOW_S);
        assert_eq!(found.is_ok(), is_good, "{header:.200}");
    };
    let at = |time: &str| format!("t={time},v1={}", sign(time, BODY));
    let now = NOW_S.to_string();
    let good = sign(&now, BODY);
    check(&at(&now), true);
    check(&at(&(NOW_S - 300).to_string()), true);
    check(&at(&(NOW_S + 300).to_string()), true);
    check(&at(&(NOW_S - 301).to_string()), false);
    check(&at(&(NOW_S + 301).to_string()), false);
    check(&format!("t={now},v0={good}"), false);
    check(&format!("v1={good}"), false);
    check(&format!("t={now},t={now},v1={good}"), false);
    check(&at("17e8"), false);
    check(&at("+1700000000"), false);
    check(&at(""), false);
    check(&at("99999999999999999999"), false);
    check(&format!("t={now},v1="), false);
    check("", false);
    let bad = "0".repeat(64);
    check(&format!("t={now},v1={bad},v1={good},v0=x"), true);
    check(
        &format!("t={now}{},v1={good}", format!(",v1={bad}").repeat(9)),
        true,
    );
    check(
        &format!("t={now}{},v1={good}", format!(",v1={bad}").repeat(10)),
        false,
    );
    check(
        &format!("t={now}{}", format!(",v1={good}").repeat(10_000)),
        false,
    );
}

#[test]
fn bytes_are_signed_and_not_letters_and_not_too_many() {
    let now = NOW_S.to_string();
    let check = |body: &[u8]| {
        let header = format!("t={now},v1={}", sign(&now, body));
        check_stripe(&header, body, &[SECRET], NOW_S).is_ok()
    };
    assert!(check(b"\xff\xfe not UTF-8"));
    assert!(check(&vec![b'x'; BODY_BYTES_MAX]));
    assert!(!check(&vec![b'x'; BODY_BYTES_MAX + 1]));
    assert!(check_razorpay(&"0".repeat(64), &vec![b'x'; BODY_BYTES_MAX + 1], &[SECRET]).is_err());
}

#[test]
fn what_is_not_dated_by_its_signature_is_not_old() {
    let days = |count: i64| check_age(NOW_S - count * 86_400, NOW_S).is_ok();
    assert!(days(0) && days(16) && days(-1));
    assert!(!days(17));
    assert!(check_age(NOW_S - 16 * 86_400 - 1, NOW_S).is_err());
    assert!(check_age(i64::MIN, NOW_S).is_err());
}

fn orders(of: &[AtGateway]) -> Vec<Vec<AtGateway>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in of.iter().enumerate() {
        let rest: Vec<AtGateway> = of
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, one)| *one)
            .collect();
        all.extend(
            orders(&rest)
                .into_iter()
                .map(|order| [vec![*first], order].concat()),
        );
    }
    all
}

#[test]
fn whatever_the_order_a_payment_is_as_far_as_the_furthest_that_was_heard() {
    use AtGateway::{Authorized, Captured, Created, Failed, Refunded};
    let told = [Created, Authorized, Captured, Refunded, Failed];
    let all = orders(&told);
    assert_eq!(all.len(), 120);
    for order in all {
        let after =
            |events: &[AtGateway]| events.iter().fold(Created, |at, event| at.heard(*event));
        assert_eq!(after(&order), Refunded, "{order:?}");
        let twice: Vec<AtGateway> = order.iter().flat_map(|one| [*one, *one]).collect();
        assert_eq!(after(&twice), Refunded, "{order:?}");
        let until = order
            .iter()
            .position(|one| *one == Captured)
            .expect("it is there");
        assert!(after(&order[..=until]).is_captured(), "{order:?}");
    }
    assert_eq!(Captured.heard(Failed), Captured);
    assert_eq!(Failed.heard(Authorized), Failed);
    assert!(!Failed.is_captured());
}

#[test]
fn a_gateway_that_speaks_of_something_else_posts_nothing() {
    let money = |text: &str| serde_json::from_str(text).expect("money");
    let about = |payment: Option<u128>, amount: &str| About {
        payment: payment.map(Uuid::from_u128),
        amount: money(amount),
    };
    let rupees = r#"{"amount_minor":10500,"currency":"INR"}"#;
    let ours = about(Some(1), rupees);
    let field = |theirs: About| {
        check_about(&ours, &theirs)
            .err()
            .map(|problem| problem.field)
    };
    assert_eq!(field(about(Some(1), rupees)), None);
    assert_eq!(field(about(Some(2), rupees)).as_deref(), Some("payment"));
    assert_eq!(field(about(None, rupees)).as_deref(), Some("payment"));
    let less = r#"{"amount_minor":10499,"currency":"INR"}"#;
    assert_eq!(field(about(Some(1), less)).as_deref(), Some("amount_minor"));
    let yen = r#"{"amount_minor":10500,"currency":"JPY"}"#;
    assert_eq!(field(about(Some(1), yen)).as_deref(), Some("currency"));
}
