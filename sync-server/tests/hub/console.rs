//! Central staff in a browser: who gets in, how long they stay, and what a thief of a cookie, a code or a link does not get.

use crate::desk::client;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use shared::access::Role;
use shared::access::calls::{HUB, Needs, may_call};
use sync_server::testing::{PASSWORD, TestHub};
use totp_rs::{Builder, Totp};

/// A browser: keeps cookies, follows nothing.
pub(crate) struct Browser {
    http: Client,
    hub: String,
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(hub: &TestHub) -> Self {
        client();
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS");
        Self {
            http,
            hub: hub.url(),
            cookies: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        let call = self.http.get(format!("{}{path}", self.hub));
        let answer = call.header(COOKIE, self.jar()).send().await;
        self.keep(answer.expect("the hub answers"))
    }

    pub(crate) async fn post(&mut self, path: &str, ask: &Value) -> Response {
        let call = self.http.post(format!("{}{path}", self.hub)).json(ask);
        let call = call.header("x-wardbook-console", "1");
        let answer = call.header(COOKIE, self.jar()).send().await;
        self.keep(answer.expect("the hub answers"))
    }

    /// A browser in which somebody with a role is signed in already.
    pub(crate) async fn of(hub: &TestHub, username: &str, role: &str) -> Self {
        hire(hub, username, role).await;
        let mut browser = Self::new(hub);
        sqlx::query("insert into console_session (hash, staff) select sha256(convert_to($1, 'UTF8')), id from staff where username = $1")
            .bind(username)
            .execute(&hub.app.pool)
            .await
            .expect("a session begins");
        browser
            .cookies
            .push(("__Host-wardbook".into(), username.into()));
        browser
    }

    pub(crate) async fn json<T: serde::de::DeserializeOwned>(&mut self, path: &str) -> T {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("the answer is JSON")
    }

    /// Says something and returns the codes of what is wrong with it.
    pub(crate) async fn say(&mut self, path: &str, said: &impl serde::Serialize) -> Vec<String> {
        let said = serde_json::to_value(said).expect("it is JSON");
        let answer = self.post(path, &said).await;
        if answer.status() == StatusCode::OK {
            return Vec::new();
        }
        let problem: Value = answer.json().await.expect("problems are JSON");
        let problems = problem["problems"].as_array().expect("a list");
        let code = |one: &Value| one["code"].as_str().expect("a code").to_owned();
        problems.iter().map(code).collect()
    }

    async fn sign_in(&mut self, username: &str, code: Option<&str>) -> Response {
        let ask = json!({ "username": username, "password": PASSWORD, "code": code });
        self.post("/console/v1/sign-in", &ask).await
    }

    fn jar(&self) -> String {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: Response) -> Response {
        for cookie in set_cookies(answer.headers()) {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.into(), value.into()));
            }
        }
        answer
    }
}

fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(SET_COOKIE).iter();
    texts
        .map(|value| value.to_str().expect("a cookie is text").to_owned())
        .collect()
}

pub(crate) async fn hire(hub: &TestHub, username: &str, role: &str) {
    sqlx::query(
        "insert into staff (id, username, name, roles, password_hash)
         select gen_random_uuid(), $1, $1, array[$2], password_hash from staff where password_hash is not null limit 1",
    )
    .bind(username)
    .bind(role)
    .execute(&hub.app.pool)
    .await
    .expect("somebody is hired");
}

pub(crate) async fn give_factor(hub: &TestHub, username: &str) -> Totp {
    let secret = [7_u8; 20];
    sqlx::query(
        "insert into second_factor (staff, secret) select id, $2 from staff where username = $1",
    )
    .bind(username)
    .bind(secret.as_slice())
    .execute(&hub.app.pool)
    .await
    .expect("a factor is given");
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(username)
        .build()
        .expect("a factor")
}

pub(crate) async fn code_of(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let problem: Value = answer.json().await.expect("problems are JSON");
    let code = problem["problems"][0]["code"].as_str();
    (status, code.expect("a code").to_owned())
}

fn refused(code: &str) -> (StatusCode, String) {
    (StatusCode::UNAUTHORIZED, code.to_owned())
}

#[tokio::test]
async fn a_session_is_a_cookie_no_script_reads_and_ends_when_one_signs_out() {
    let hub = TestHub::start().await;
    hire(&hub, "paula", "billing").await;
    let mut browser = Browser::new(&hub);
    assert_eq!(
        code_of(browser.get("/console/v1/me").await).await,
        refused("session.none")
    );
    let answer = browser.sign_in(" Paula ", None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = set_cookies(answer.headers()).pop().expect("a cookie");
    for wanted in ["__Host-", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(wanted), "{wanted} in {cookie}");
    }
    let me: Value = browser
        .get("/console/v1/me")
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(
        (&me["username"], &me["roles"]),
        (&json!("paula"), &json!(["billing"]))
    );

    // a form of another site sends the cookie at most, never the header
    let forged = browser
        .http
        .post(format!("{}/console/v1/sign-out", browser.hub));
    let forged = forged
        .header(COOKIE, browser.jar())
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        code_of(forged).await,
        (StatusCode::FORBIDDEN, "session.elsewhere".into())
    );
    let stolen = browser.cookies.clone();
    let left = browser.post("/console/v1/sign-out", &json!({})).await;
    assert_eq!(left.status(), StatusCode::OK);
    browser.cookies = stolen;
    assert_eq!(
        code_of(browser.get("/console/v1/me").await).await,
        refused("session.none")
    );
}

#[tokio::test]
async fn a_session_ends_by_itself_and_with_the_account() {
    let hub = TestHub::start().await;
    hire(&hub, "paula", "billing").await;
    for harm in [
        "update console_session set seen_at = now() - interval '16 minutes'",
        "update console_session set began_at = now() - interval '13 hours'",
        "update staff set is_active = false where username = 'paula'",
    ] {
        let mut browser = Browser::new(&hub);
        assert_eq!(
            browser.sign_in("paula", None).await.status(),
            StatusCode::OK
        );
        assert_eq!(browser.get("/console/v1/me").await.status(), StatusCode::OK);
        sqlx::raw_sql(harm)
            .execute(&hub.app.pool)
            .await
            .expect("the test can do this");
        let after = code_of(browser.get("/console/v1/me").await).await;
        assert_eq!(after, refused("session.none"), "{harm}");
    }
}

#[tokio::test]
async fn ward_staff_have_no_business_at_the_console() {
    let hub = TestHub::start().await;
    hire(&hub, "nora", "nurse").await;
    let answer = Browser::new(&hub).sign_in("nora", None).await;
    assert_eq!(
        code_of(answer).await,
        (StatusCode::FORBIDDEN, "sign_in.not_central".into())
    );
}

#[tokio::test]
async fn an_administrator_needs_a_code_and_each_code_counts_once() {
    let hub = TestHub::start().await;
    hire(&hub, "alma", "admin").await;
    let mut browser = Browser::new(&hub);
    assert_eq!(
        code_of(browser.sign_in("alma", None).await).await,
        refused("sign_in.no_second_factor")
    );
    let factor = give_factor(&hub, "alma").await;
    assert_eq!(
        code_of(browser.sign_in("alma", None).await).await,
        refused("sign_in.code_needed")
    );
    let seconds = u64::try_from(hub.app.now().0 / 1_000).expect("after 1970");
    let right = factor.generate(seconds).to_string();
    let old = factor.generate(seconds - 300).to_string();
    for wrong in [old.as_str(), "000", "abcdef"] {
        assert_eq!(
            code_of(browser.sign_in("alma", Some(wrong)).await).await,
            refused("sign_in.code_wrong")
        );
    }
    let answer = browser.sign_in("alma", Some(&right)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let again = Browser::new(&hub).sign_in("alma", Some(&right)).await;
    assert_eq!(code_of(again).await, refused("sign_in.code_wrong"));
}

#[tokio::test]
async fn every_route_is_open_to_the_roles_that_may_and_to_nobody_else() {
    let hub = TestHub::start().await;
    let mut cells = 0;
    for role in Role::ALL {
        let word = format!("{role:?}").to_lowercase();
        let mut browser = Browser::of(&hub, &format!("one {word}"), &word).await;
        for (method, path, needs) in HUB {
            let is_asked = matches!(needs, Needs::Central | Needs::Do(_));
            if !is_asked || path.ends_with("sign-out") {
                continue;
            }
            let hash = match *path {
                "/console/v1/days/one" => "",
                "/console/v1/insurance/claims/one" => "?claim=00000000-0000-0000-0000-000000000000",
                "/console/v1/charges" => "?bill=00000000-0000-0000-0000-000000000000",
                path if path.ends_with("/one") => "?hash=abcdef",
                _ => "",
            };
            let answer = match *method {
                "get" => browser.get(&format!("{path}{hash}")).await,
                _ => browser.post(path, &json!({})).await,
            };
            let status = answer.status().as_u16();
            // what is asked for or said is none: who asks is looked at before
            let is_open = ![401, 403].contains(&status);
            assert_eq!(is_open, may_call(role, *needs), "{path} {role:?}: {status}");
            assert_ne!(status, 500, "{path} {role:?}");
            cells += 1;
        }
    }
    assert!(cells >= 160, "{cells} cells");
}

#[tokio::test]
async fn what_the_console_is_told_is_kept_nowhere() {
    let hub = TestHub::start().await;
    let mut browser = Browser::of(&hub, "mia", "manager").await;
    for path in [
        "/console/v1/door",
        "/console/v1/me",
        "/console/v1/held",
        "/console/v1/none",
    ] {
        let answer = browser.get(path).await;
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn guessing_codes_becomes_slow() {
    let hub = TestHub::start().await;
    hire(&hub, "alma", "admin").await;
    let factor = give_factor(&hub, "alma").await;
    for _ in 0..5 {
        let answer = Browser::new(&hub).sign_in("alma", Some("000000")).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    let seconds = u64::try_from(hub.app.now().0 / 1_000).expect("after 1970");
    let right = factor.generate(seconds).to_string();
    let answer = Browser::new(&hub).sign_in("alma", Some(&right)).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
}
