//! Small helpers that every simulator's HTTP side uses: a request taken apart, a response put together.

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::Sha256;
use twinline_core::time::Timestamp;

/// A request taken apart. Routing is a `match` on `(&call.method, call.path().as_slice())`.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path's segments, percent-decoded, empty ones left out.
    pub segments: Vec<String>,
    /// The query's pairs in their order, decoded.
    pub query: Vec<(String, String)>,
    request: &'a Request<Bytes>,
}

/// A request body that is not JSON.
#[derive(Debug, thiserror::Error)]
#[error("the body is not JSON: {0}")]
pub struct NotJson(#[from] serde_json::Error);

impl<'a> Call<'a> {
    /// Takes a request apart.
    pub fn new(request: &'a Request<Bytes>) -> Self {
        let segments = request
            .uri()
            .path()
            .split('/')
            .filter(|part| !part.is_empty());
        let query = request.uri().query().unwrap_or_default();
        Self {
            method: request.method().clone(),
            segments: segments
                .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
                .collect(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            request,
        }
    }

    /// The path's segments, to match on.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The last query parameter of a name, as most servers read a repeated one.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A header as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The body's bytes.
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// The body as JSON; an empty body is `null`.
    pub fn json(&self) -> Result<Value, NotJson> {
        if self.body().is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(self.body())?)
    }
}

/// A JSON response.
pub fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    set(
        &mut response,
        header::CONTENT_TYPE.as_str(),
        "application/json; charset=utf-8",
    );
    response
}

/// A response without a body.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Sets a response header.
///
/// # Panics
/// When the name or value could not be sent in a header: a mistake in the simulator.
pub fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    let name = HeaderName::try_from(name).expect("simulators use proper header names");
    let value = HeaderValue::from_str(value).expect("simulators use proper header values");
    response.headers_mut().insert(name, value);
}

/// The HMAC-SHA-256 of a body in hexadecimal, as webhooks are signed.
pub fn hmac_sha256_hex(secret: &str, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret, body))
}

/// The HMAC-SHA-256 of a body in Base64, as other webhooks are signed.
pub fn hmac_sha256_base64(secret: &str, body: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(hmac_sha256(secret, body))
}

/// The HMAC-SHA-256 of a body.
pub fn hmac_sha256(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// An instant as the `Date` header shows it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
pub fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let days = at.as_millis().div_euclid(86_400_000);
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)];
    let iso = at.floor_to_second().to_string();
    let month: usize = iso
        .get(5..7)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let (year, day, time) = (&iso[0..4], &iso[8..10], &iso[11..19]);
    format!("{weekday}, {day} {} {year} {time} GMT", MONTHS[month - 1])
}

#[cfg(test)]
mod tests;
