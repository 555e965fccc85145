//! Signing in at the console by the hospital's own directory: OpenID Connect, authorization code with PKCE.

use super::sign_in::{begin as begin_session, may_use};
use crate::app::App;
use crate::central::{Opens, cookie};
use crate::error::{Error, Result};
use crate::people::{member, username};
use anyhow::Context;
use axum::extract::{Query, State};
use axum::response::Redirect;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope,
};
use serde::Deserialize;
use shared::problem::Problem;
use shared::staff::Staff;
use std::collections::BTreeMap;
use std::sync::{Mutex, RwLock};
use std::time::Duration;

/// A person has so long at the directory's page.
const PATIENCE_MS: i64 = 10 * 60_000;
/// Sign-ins under way, at most; the oldest makes room.
const UNDER_WAY: usize = 1_000;
const SILENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer of the directory, at most.
const ANSWER_BYTES: usize = 1 << 20;
/// Ties the browser that comes back to the one that was sent.
const COOKIE: &str = "__Host-wardbook-oidc";
/// Words of RFC 8176 for more than a password.
const STRONG: [&str; 4] = ["mfa", "otp", "hwk", "sc"];

/// The directory, and where it sends people back to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Such as `https://login.hospital.example`
    pub issuer: String,
    pub client: String,
    pub secret: String,
    /// The console's own address, such as `https://wardbook.hospital.example`
    pub console: String,
}

/// The directory this hub uses, if any, and who is on the way.
#[derive(Debug, Default)]
pub struct Directory {
    settings: RwLock<Option<Settings>>,
    under_way: Mutex<BTreeMap<String, Visit>>,
}

/// A person who was sent to the directory.
#[derive(Debug)]
struct Visit {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    since_ms: i64,
}

impl Directory {
    /// Uses a directory from now on.
    pub fn set(&self, settings: Settings) {
        if let Ok(mut kept) = self.settings.write() {
            *kept = Some(settings);
        }
    }

    /// Says whether there is one.
    pub(crate) fn is_set(&self) -> bool {
        self.settings().is_ok()
    }

    fn settings(&self) -> Result<Settings> {
        let kept = self.settings.read().ok().and_then(|kept| kept.clone());
        kept.ok_or_else(|| Error::Missing(Problem::new("oidc.off", "")))
    }

    fn remember(&self, state: String, visit: Visit) {
        let Ok(mut under_way) = self.under_way.lock() else {
            return;
        };
        let now = visit.since_ms;
        under_way.retain(|_, visit| now - visit.since_ms < PATIENCE_MS);
        if under_way.len() >= UNDER_WAY {
            let oldest = under_way.iter().min_by_key(|(_, visit)| visit.since_ms);
            if let Some(state) = oldest.map(|(state, _)| state.clone()) {
                under_way.remove(&state);
            }
        }
        under_way.insert(state, visit);
    }

    /// Takes a visit out: it counts once.
    fn take(&self, state: &str, now_ms: i64) -> Option<Visit> {
        let visit = self.under_way.lock().ok()?.remove(state)?;
        (now_ms - visit.since_ms < PATIENCE_MS).then_some(visit)
    }
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Sends a person to the hospital's directory
#[utoipa::path(
    get, path = "/console/v1/oidc", operation_id = "console_oidc", tag = "console",
    responses(
        (status = 303, description = "To the directory"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn begin(State(app): State<App>, jar: CookieJar) -> Result<(CookieJar, Redirect)> {
    let settings = app.directory.settings()?;
    let client = client(&settings).await.map_err(refused)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("profile".into()))
        .set_pkce_challenge(challenge)
        .url();
    let visit = Visit {
        nonce,
        verifier,
        since_ms: app.now().0,
    };
    app.directory.remember(state.secret().clone(), visit);
    // lax: the directory's page sends the browser back here
    let jar = jar.add(cookie(COOKIE, state.into_secret(), SameSite::Lax));
    Ok((jar, Redirect::to(url.as_str())))
}

/// What the directory sends a person back with.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Takes a person back from the directory
#[utoipa::path(
    get, path = "/console/v1/oidc/back", operation_id = "console_oidc_back", tag = "console", params(Back),
    responses(
        (status = 303, description = "Signed in; to the console"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn back(
    State(app): State<App>,
    jar: CookieJar,
    Query(back): Query<Back>,
) -> Result<(CookieJar, Redirect)> {
    let settings = app.directory.settings()?;
    let failed = || Error::SignedOut(Problem::new("oidc.failed", ""));
    let is_same_browser = jar
        .get(COOKIE)
        .is_some_and(|cookie| cookie.value() == back.state);
    let visit = app.directory.take(&back.state, app.now().0);
    let visit = visit.filter(|_| is_same_browser).ok_or_else(failed)?;
    let client = client(&settings).await.map_err(refused)?;
    let claims = claims(&client, back.code, visit).await.map_err(refused)?;
    let staff = staff_of(&app, &claims).await?.ok_or_else(failed)?;
    may_use(&staff)?;
    let is_strong = claims
        .auth_method_refs()
        .into_iter()
        .flatten()
        .any(|method| STRONG.contains(&method.as_str()));
    if !is_strong && staff.roles.iter().any(|role| role.needs_second_factor()) {
        return Err(Error::SignedOut(Problem::new(
            "sign_in.no_second_factor",
            "",
        )));
    }
    let session = begin_session(&app, &staff, Opens::Everything).await?;
    let jar = jar
        .remove(Cookie::build(COOKIE).path("/").secure(true))
        .add(session);
    Ok((jar, Redirect::to("/")))
}

/// Exchanges the code and checks the token: signature, issuer, audience, time and nonce.
async fn claims(client: &Client, code: String, visit: Visit) -> anyhow::Result<CoreIdTokenClaims> {
    let answer = client
        .exchange_code(AuthorizationCode::new(code))?
        .set_pkce_verifier(visit.verifier)
        .request_async(&call)
        .await
        .map_err(|_| anyhow::anyhow!("the directory did not take the code"))?;
    let token = openidconnect::TokenResponse::id_token(&answer).context("no identity token")?;
    let claims = token
        .claims(&client.id_token_verifier(), &visit.nonce)
        .map_err(|_| anyhow::anyhow!("an identity token that is not for us"))?;
    Ok(claims.clone())
}

/// Finds who the directory means: the member of staff with the same username.
async fn staff_of(app: &App, claims: &CoreIdTokenClaims) -> Result<Option<Staff>> {
    let Some(name) = claims.preferred_username() else {
        return Ok(None);
    };
    let row = sqlx::query(
        "select id, username, name, roles, departments, is_active from staff where username = $1 and is_active",
    )
    .bind(username(name.as_str()))
    .fetch_optional(&app.pool)
    .await?;
    Ok(row.as_ref().map(member))
}

/// Asks the directory what it is. Anew each time: its keys change, and people sign in a few times a day.
async fn client(settings: &Settings) -> anyhow::Result<Client> {
    let issuer = IssuerUrl::new(settings.issuer.clone())?;
    let about = CoreProviderMetadata::discover_async(issuer, &call)
        .await
        .map_err(|_| anyhow::anyhow!("the directory does not say what it is"))?;
    let back = format!(
        "{}/console/v1/oidc/back",
        settings.console.trim_end_matches('/')
    );
    let secret = ClientSecret::new(settings.secret.clone());
    let client = CoreClient::from_provider_metadata(
        about,
        ClientId::new(settings.client.clone()),
        Some(secret),
    );
    Ok(client.set_redirect_uri(RedirectUrl::new(back)?))
}

/// Why the directory could not be asked.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Shape(#[from] openidconnect::http::Error),
    #[error("too long an answer")]
    TooLong,
}

/// Calls the directory: no redirects, no endless answers.
async fn call(request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(SILENCE)
        .build()?;
    let mut answer = client.execute(request.try_into()?).await?;
    let status = answer.status();
    let headers = std::mem::take(answer.headers_mut());
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > ANSWER_BYTES {
            return Err(Unanswered::TooLong);
        }
    }
    let mut response = openidconnect::http::Response::builder().status(status);
    if let Some(kept) = response.headers_mut() {
        *kept = headers;
    }
    Ok(response.body(body)?)
}

fn refused(error: anyhow::Error) -> Error {
    tracing::warn!(%error, "Nobody could be signed in by the directory");
    Error::SignedOut(Problem::new("oidc.failed", ""))
}
