//! Signing in by the hospital's own directory: a real one on loopback, and what a forged or foreign answer does not get.

use crate::console::{Browser, code_of, hire};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::header::LOCATION;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use sync_server::services::console::oidc::Settings;
use sync_server::testing::TestHub;

/// What is wrong with a token.
type Change = fn(&mut Value);

/// A directory: says who it is, shows its key, and gives tokens for codes.
#[derive(Clone)]
struct Directory {
    issuer: String,
    /// The claims of the next token, and the challenge that has to be met for it.
    next: Arc<Mutex<(Value, String)>>,
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn packed(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Directory {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let directory = Self {
            issuer: format!("http://{address}"),
            next: Arc::default(),
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(Self::about))
            .route("/keys", get(Self::keys))
            .route("/token", post(Self::token))
            .with_state(directory.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        directory
    }

    async fn about(State(it): State<Self>) -> Json<Value> {
        let at = |path: &str| format!("{}/{path}", it.issuer);
        Json(json!({
            "issuer": it.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
            "jwks_uri": at("keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        }))
    }

    async fn keys() -> Json<Value> {
        let public = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
        Json(
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "1", "x": public }] }),
        )
    }

    async fn token(
        State(it): State<Self>,
        Form(ask): Form<BTreeMap<String, String>>,
    ) -> Result<Json<Value>, StatusCode> {
        let (claims, challenge) = it.next.lock().expect("nobody panics here").clone();
        let met = URL_SAFE_NO_PAD.encode(Sha256::digest(&ask["code_verifier"]));
        if ask["code"] != "right" || met != challenge {
            return Err(StatusCode::BAD_REQUEST);
        }
        let text = format!(
            "{}.{}",
            packed(&json!({ "alg": "EdDSA", "kid": "1" })),
            packed(&claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(key().sign(text.as_bytes()).to_bytes());
        Ok(Json(
            json!({ "access_token": "x", "token_type": "Bearer", "id_token": format!("{text}.{signature}") }),
        ))
    }

    /// Sends a person there; returns the way back. `change` is what is wrong with the token.
    async fn invite(
        &self,
        browser: &mut Browser,
        username: &str,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let sent = browser.get("/console/v1/oidc").await;
        assert_eq!(sent.status(), StatusCode::SEE_OTHER);
        let to = Url::parse(sent.headers()[LOCATION].to_str().expect("text")).expect("an address");
        assert!(to.as_str().starts_with(&self.issuer));
        let asked: BTreeMap<_, _> = to.query_pairs().into_owned().collect();
        let now = sync_server::world::now().seconds();
        let mut claims = json!({
            "iss": self.issuer, "aud": "wardbook", "sub": "1", "exp": now + 60, "iat": now,
            "nonce": asked["nonce"], "preferred_username": username,
        });
        change(&mut claims);
        *self.next.lock().expect("nobody panics here") = (claims, asked["code_challenge"].clone());
        format!("/console/v1/oidc/back?code=right&state={}", asked["state"])
    }

    /// Sends a person there and back.
    async fn visit(
        &self,
        browser: &mut Browser,
        username: &str,
        change: impl FnOnce(&mut Value),
    ) -> (String, reqwest::Response) {
        let back = self.invite(browser, username, change).await;
        let answer = browser.get(&back).await;
        (back, answer)
    }
}

async fn hospital() -> (TestHub, Directory) {
    let (hub, directory) = (TestHub::start().await, Directory::start().await);
    hub.app.directory.set(Settings {
        issuer: directory.issuer.clone(),
        client: "wardbook".into(),
        secret: "secret".into(),
        console: hub.url(),
    });
    hire(&hub, "paula", "billing").await;
    hire(&hub, "alma", "admin").await;
    (hub, directory)
}

#[tokio::test]
async fn the_directory_signs_people_in_who_work_here() {
    let (hub, directory) = hospital().await;
    let mut browser = Browser::new(&hub);
    let (back, answer) = directory.visit(&mut browser, "Paula", |_| ()).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let me: Value = browser
        .get("/console/v1/me")
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(me["username"], "paula");
    // the way back leads in once
    let again = code_of(browser.get(&back).await).await;
    assert_eq!(again, (StatusCode::UNAUTHORIZED, "oidc.failed".into()));
}

#[tokio::test]
async fn a_token_that_is_not_for_this_person_here_and_now_is_worth_nothing() {
    let (hub, directory) = hospital().await;
    let changes: [(&str, Change); 6] = [
        ("another hospital's", |claims| {
            claims["aud"] = json!("other")
        }),
        ("another issuer's", |claims| {
            claims["iss"] = json!("http://127.0.0.1:1")
        }),
        ("an old one", |claims| claims["exp"] = json!(1)),
        ("of another visit", |claims| {
            claims["nonce"] = json!("other")
        }),
        ("a stranger's", |claims| {
            claims["preferred_username"] = json!("nobody")
        }),
        ("nobody's", |claims| {
            claims["preferred_username"] = Value::Null
        }),
    ];
    for (what, change) in changes {
        let mut browser = Browser::new(&hub);
        let (_, answer) = directory.visit(&mut browser, "paula", change).await;
        let found = code_of(answer).await;
        assert_eq!(
            found,
            (StatusCode::UNAUTHORIZED, "oidc.failed".into()),
            "{what}"
        );
        let me = browser.get("/console/v1/me").await;
        assert_eq!(me.status(), StatusCode::UNAUTHORIZED, "{what}");
    }
}

#[tokio::test]
async fn a_link_sent_to_another_browser_leads_nowhere() {
    let (hub, directory) = hospital().await;
    let mut thief = Browser::new(&hub);
    // the thief signs in as themselves and lets somebody else take the last step
    let back = directory.invite(&mut thief, "paula", |_| ()).await;
    let victim = Browser::new(&hub).get(&back).await;
    assert_eq!(code_of(victim).await.1, "oidc.failed");
}

#[tokio::test]
async fn an_administrator_comes_in_only_with_more_than_a_password() {
    let (hub, directory) = hospital().await;
    let mut browser = Browser::new(&hub);
    let (_, weak) = directory.visit(&mut browser, "alma", |_| ()).await;
    assert_eq!(code_of(weak).await.1, "sign_in.no_second_factor");
    let strong = |claims: &mut Value| claims["amr"] = json!(["pwd", "otp"]);
    let (_, answer) = directory.visit(&mut browser, "alma", strong).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_hub_without_a_directory_says_so() {
    let hub = TestHub::start().await;
    let answer = Browser::new(&hub).get("/console/v1/oidc").await;
    assert_eq!(
        code_of(answer).await,
        (StatusCode::NOT_FOUND, "oidc.off".into())
    );
}
