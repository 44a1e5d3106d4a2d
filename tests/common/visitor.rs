//! Somebody at the people's door, without a screen: a browser that keeps its cookies, what it is shown, and how an account begins.

use super::common::Serve;
use lichphat::people::{Authenticator, Chosen, People};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

pub(crate) const PASSWORD: &str = "bốn con gà trống";
/// Where people's questions come from.
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The largest file that anybody takes home, bytes.
const LARGEST: usize = 64 << 20;

/// Uses the one-time code of a new account, as its owner does; what makes his six digits from then on.
pub(crate) async fn first_time(people: &People, code: &str, now: UtcMillis) -> Authenticator {
    let code = code.trim().to_owned();
    let authenticator = people.first(&code, HERE).await.unwrap().authenticator;
    let (password, again, digits) = (PASSWORD.to_owned(), PASSWORD.to_owned(), authenticator.digits(now));
    people.choose(Chosen { code, password, again, digits, ..Chosen::default() }, HERE).await.unwrap();
    authenticator
}

/// A browser: its cookies, and where it is.
pub(crate) struct Browser {
    pub(crate) url: String,
    pub(crate) line: HttpTransport,
    pub(crate) cookies: Mutex<BTreeMap<String, String>>,
    /// The name it was told; none: the server's number.
    pub(crate) host: Option<String>,
}

/// What a page answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it leads.
    pub(crate) to: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) html: String,
}

impl Page {
    /// The value of a field that the page carries.
    pub(crate) fn field(&self, name: &str) -> String {
        let at = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1);
        at.unwrap_or_else(|| panic!("{name}: {}", self.html)).split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn of(server: &Serve) -> Self {
        Self::at(&server.url, &server.authority)
    }

    /// At this door, which shows a certificate of that authority.
    pub(crate) fn at(url: &str, authority: &str) -> Self {
        let line = HttpTransport::new(url, authority).unwrap();
        Self { url: url.to_owned(), line, cookies: Mutex::default(), host: None }
    }

    /// Turns to the same server once more, which may have been started anew.
    pub(crate) fn turn(&mut self, url: &str, authority: &str) {
        (self.url, self.line) = (url.to_owned(), HttpTransport::new(url, authority).unwrap());
    }

    pub(crate) async fn send(&self, mut request: Request) -> Page {
        if let Some(host) = &self.host {
            request = request.header("host", host.as_str());
        }
        let kept: Vec<String> = self.cookies.lock().unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect();
        let answer = self.line.send(request.header("cookie", kept.join("; "))).await.unwrap();
        let mut to = String::new();
        for (name, value) in &answer.headers {
            match name.as_str() {
                "location" => to.clone_from(value),
                "set-cookie" => {
                    let (cookie, terms) = value.split_once("; ").unwrap();
                    let (name, value) = cookie.split_once('=').unwrap();
                    // which language somebody reads is no secret
                    assert!(name == "lang" || name.starts_with("__Host-"), "{name}");
                    for term in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                        assert!(name == "lang" || terms.split("; ").any(|t| t == term), "{terms}");
                    }
                    self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        let status = answer.status;
        let bytes = answer.bytes(LARGEST).await.unwrap().to_vec();
        Page { status, to, html: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        loop {
            let page = self.send(Request::get(path)).await;
            if page.status != 202 {
                return page;
            }
            // figures that are not there yet come by themselves
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// From a page of the server's own, as a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path, body).header("content-type", "application/x-www-form-urlencoded");
        let origin = self.host.as_ref().map_or_else(|| self.url.clone(), |host| format!("https://{host}"));
        self.send(request.header("origin", origin)).await
    }

    pub(crate) async fn sign_in(&self, account: &str, password: &str, digits: &str) -> Page {
        self.post("/login", &[("account", account), ("password", password), ("digits", digits)]).await
    }

    /// What it is known by; "" when nobody has signed in.
    pub(crate) fn session(&self) -> String {
        self.cookies.lock().unwrap().get("__Host-lichphat").cloned().unwrap_or_default()
    }
}
