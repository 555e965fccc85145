//! How a gateway is called: over HTTP, with limits, and with a plain word for every way in which that can go wrong.

use super::{Secret, Trouble};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// Bytes of an answer, at most.
const ANSWER_BYTES: usize = 1 << 20;

/// A gateway's address, and what the hospital is known by there.
#[derive(Debug)]
pub(super) struct Line {
    http: Client,
    url: String,
    user: Secret,
    password: Secret,
}

/// What was answered: done, or refused with a reason.
#[derive(Debug)]
pub(super) enum Answer {
    Done(Value),
    Refused(Value),
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Nothing,
    Form(&'a [(&'a str, String)]),
    Json(&'a Value),
}

impl Line {
    pub(super) fn new(
        url: &str,
        (user, password): (Secret, Secret),
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(patience)
            .build()?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            user,
            password,
        })
    }

    /// Asks for something at a path.
    pub(super) async fn get(
        &self,
        path: &str,
        asked: &[(&str, String)],
    ) -> Result<Answer, Trouble> {
        let call = self.call(Method::GET, path, asked)?;
        answer(call).await
    }

    /// Has something done, under a name for it that a header carries.
    pub(super) async fn post(
        &self,
        path: &str,
        named: Option<(&str, String)>,
        body: Body<'_>,
    ) -> Result<Answer, Trouble> {
        let call = self.call(Method::POST, path, &[])?;
        let call = match named {
            Some((header, name)) => call.header(header, name),
            None => call,
        };
        let call = match body {
            Body::Nothing => call,
            Body::Form(fields) => call
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form(fields)),
            Body::Json(json) => call.json(json),
        };
        answer(call).await
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        asked: &[(&str, String)],
    ) -> Result<RequestBuilder, Trouble> {
        let wrong = |_| Trouble::Unknown("gateway.address".into());
        let mut url = Url::parse(&format!("{}{path}", self.url)).map_err(wrong)?;
        if !asked.is_empty() {
            url.set_query(Some(&form(asked)));
        }
        let call = self.http.request(method, url);
        Ok(call.basic_auth(&self.user.0, Some(&self.password.0)))
    }
}

/// Writes fields as forms are written.
fn form(fields: &[(&str, String)]) -> String {
    let mut url = Url::parse("form:").expect("it is an address");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

async fn answer(call: RequestBuilder) -> Result<Answer, Trouble> {
    let lost = |error: &reqwest::Error| {
        let code = match () {
            () if error.is_timeout() => "gateway.timeout",
            () if error.is_connect() => "gateway.unreachable",
            () => "gateway.cut",
        };
        Trouble::Unknown(code.into())
    };
    let mut said = call.send().await.map_err(|error| lost(&error))?;
    let status = said.status();
    let mut body = Vec::new();
    while let Some(part) = said.chunk().await.map_err(|error| lost(&error))? {
        body.extend_from_slice(&part);
        if body.len() > ANSWER_BYTES {
            return Err(Trouble::Unknown("gateway.too_long".into()));
        }
    }
    let json = || serde_json::from_slice(&body);
    match status {
        status if status.is_success() => Ok(Answer::Done(json().map_err(|_| unread())?)),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYMENT_REQUIRED
        | StatusCode::UNPROCESSABLE_ENTITY => Ok(Answer::Refused(json().unwrap_or_default())),
        // it does not know us, is busy or broken: what that means for money is not known
        status => Err(Trouble::Unknown(format!("gateway.{}", status.as_u16()))),
    }
}

/// What cannot be read says nothing of what was done.
pub(super) fn unread() -> Trouble {
    Trouble::Unknown("gateway.shape".into())
}

/// Reads what a gateway answered.
pub(super) fn read<T: DeserializeOwned>(json: Value) -> Result<T, Trouble> {
    serde_json::from_value(json).map_err(|_| unread())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_forms_are() {
        let fields = [
            ("metadata[payment]", "a b&c=d".to_owned()),
            ("amount", "1".to_owned()),
        ];
        assert_eq!(form(&fields), "metadata%5Bpayment%5D=a+b%26c%3Dd&amount=1");
    }
}
