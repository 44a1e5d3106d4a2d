//! Pages, the style sheet and scripts go out compressed, where that tells nobody anything.
//!
//! How long a compressed page is says what in it repeats: another site that makes a browser ask for it again and again, each time with
//! another guess in the address, could read a form's token off the lengths on the wire (the attack is known as BREACH). So a page is
//! compressed only for a browser that says that no other site made it ask; the program's own files, in which nothing is secret, always.

use crate::web::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt as _;
use std::io::Write as _;
use warp::Reply;

/// What is shorter fits into a packet anyway, bytes.
const SHORTEST: usize = 1_024;

/// The answer as it goes to whoever sent these headers.
pub(super) async fn squeezed(headers: &HeaderMap, own_file: bool, response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let of_words = ["text/html", "text/css", "text/javascript", "image/svg+xml"].iter().any(|k| kind.starts_with(k));
    if !of_words || !takes_gzip(headers) || !(own_file || asks_by_itself(headers)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // it is in memory as it is; were it not, there would be nothing to send
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let short = if body.len() < SHORTEST { None } else { gzip(&body) };
    let Some(short) = short else { return Response::from_parts(parts, body.into()) };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding, sec-fetch-site"));
    Response::from_parts(parts, short.into())
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    said.flat_map(|v| v.split(',')).any(|coding| {
        let mut words = coding.split(';').map(str::trim);
        words.next() == Some("gzip") && !words.any(|q| ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(&q))
    })
}

/// Was it a page of ours, an address that was typed or a bookmark? A browser that says nothing of it may be asking for somebody else.
fn asks_by_itself(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let value = |value| HeaderValue::from_static(value);
        all.iter().map(|(name, v)| (header::HeaderName::from_static(name), value(v))).collect()
    }

    async fn sent(asked: &[(&'static str, &'static str)], own_file: bool, page: &str) -> (bool, Vec<u8>) {
        let answer = squeezed(&headers(asked), own_file, warp::reply::html(page.to_owned()).into_response()).await;
        let gzip = answer.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        (gzip, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_page_is_compressed_unless_another_site_may_have_asked_for_it() {
        let page = "<p>Màn hình số 1</p>".repeat(200);
        let (taken, own) = (("accept-encoding", "br, gzip"), ("sec-fetch-site", "same-origin"));
        let (gzip, bytes) = sent(&[taken, own], false, &page).await;
        assert!(gzip && bytes.len() * 10 < page.len());
        let mut whole = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut whole).unwrap();
        assert_eq!(whole, page);
        assert!(sent(&[taken, ("sec-fetch-site", "none")], false, &page).await.0, "an address that was typed");
        assert!(sent(&[taken], true, &page).await.0, "the program's own files");
        for asked in [
            vec![taken, ("sec-fetch-site", "cross-site")],
            vec![taken, ("sec-fetch-site", "same-site")],
            vec![taken],
            vec![own],
            vec![own, ("accept-encoding", "gzip;q=0, br")],
        ] {
            assert_eq!(sent(&asked, false, &page).await, (false, page.clone().into_bytes()), "{asked:?}");
        }
        assert!(!sent(&[taken, own], false, "<p>ngắn</p>").await.0);
    }
}
