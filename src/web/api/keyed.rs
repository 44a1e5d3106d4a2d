//! `Idempotency-Key`: a request that is sent again under its key is answered as the first was, and carried out once.

use super::super::problem::Problem;
use super::table::Operation;
use crate::lang::Lang;
use crate::once::{Answer, Begun, Key, OnceStore};
use crate::people::Caller;
use crate::web::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;
use warp::Reply as _;

/// The header.
const NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Seconds after which the answer of a request that is under way may be there.
const WAIT_S: u32 = 2;

/// The key of a request that changes something; none: it has none, or nobody has signed in whose word it could be.
pub(super) fn key(op: &Operation, headers: &HeaderMap, caller: Option<&Caller>) -> Result<Option<Key>, Problem> {
    let Some(caller) = caller else { return Ok(None) };
    let Some(value) = headers.get(NAME).filter(|_| op.is_unsafe()) else { return Ok(None) };
    let word = value.to_str().unwrap_or("");
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if !(1..=64).contains(&word.len()) || !word.bytes().all(plain) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-key-word").of("Idempotency-Key", word));
    }
    Ok(Some(Key { account: caller.account.to_string(), word: word.to_owned() }))
}

/// What makes two requests the same.
pub(super) fn hash(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Sha256Hash {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    // each with its length before it, so that nothing slides from one into the other
    let mut bytes = Vec::with_capacity(body.len() + 256);
    for part in [method.as_str().as_bytes(), path.as_bytes(), query.as_bytes(), kind, body] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    Sha256Hash::of(&bytes)
}

/// Carries a request out, unless its key was answered.
pub(super) async fn once(
    store: &dyn OnceStore,
    (op, key): (&Operation, Key),
    (request, now): (Sha256Hash, UtcMillis),
    run: impl Future<Output = Result<Response, Problem>>,
    lang: Lang,
) -> Result<Response, Problem> {
    let word = key.word.clone();
    let of = |problem: Problem| problem.of("Idempotency-Key", &word);
    match store.begin(key.clone(), request, now).await? {
        Begun::Again(answer) => return Ok(again(answer)),
        Begun::Other => return Err(of(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key-used"))),
        Begun::Running => return Err(of(Problem::new(StatusCode::CONFLICT, "key-busy")).after_s(WAIT_S)),
        Begun::New => {}
    }
    let response = match run.await {
        Ok(response) => response,
        Err(problem) => {
            // nothing was changed, and what refuses it may be mended: the key is free again
            store.end(key, None).await?;
            return Err(problem);
        }
    };
    let (response, answer) = kept(response).await?;
    let shown_once = op.gives.iter().any(|gives| gives.once);
    let answer = match shown_once {
        true => kept(of(Problem::new(StatusCode::CONFLICT, "shown-once")).answer(lang)).await?.1,
        false => answer,
    };
    store.end(key, Some(answer)).await?;
    Ok(response)
}

/// An answer, and as it is kept.
async fn kept(response: Response) -> Result<(Response, Answer), Problem> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Problem::internal(&error))?.to_bytes();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let answer = Answer { status: parts.status.as_u16(), kind, body: body.to_vec() };
    let mut response = body.to_vec().into_response();
    (*response.status_mut(), *response.headers_mut()) = (parts.status, parts.headers);
    Ok((response, answer))
}

fn again(answer: Answer) -> Response {
    let mut response = answer.body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    match HeaderValue::from_str(&answer.kind) {
        Ok(kind) if !answer.kind.is_empty() => headers.insert(header::CONTENT_TYPE, kind),
        _ => headers.remove(header::CONTENT_TYPE),
    };
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
