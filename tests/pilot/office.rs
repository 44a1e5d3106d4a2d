//! People of the story, each with an account of his own, who come in at the people's door.

use super::world::World;
use lichphat::people::{Authenticator, Chosen};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const PASSWORD: &str = "bốn con gà trống";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The largest file that anybody takes home, bytes.
const LARGEST: usize = 64 << 20;

/// Somebody with an account: whoever comes in, comes in with password and six digits.
pub(crate) struct Person {
    pub(crate) account: String,
    authenticator: Authenticator,
    cookies: BTreeMap<String, String>,
    token: String,
}

/// What the door answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    pub(crate) fn html(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Person {
    /// An account that the server's shell makes, and whose owner uses the one-time code.
    pub(crate) async fn new(world: &World, account: &str, name: &str, role: &[&str]) -> Self {
        let code = world.cli(&[&["people", "add", account, "--name", name], role].concat());
        let people = &world.house.rooms.people;
        let authenticator = people.first(code.trim(), HERE).await.unwrap().authenticator;
        let digits = authenticator.digits(world.now());
        let (password, again) = (PASSWORD.to_owned(), PASSWORD.to_owned());
        let chosen = Chosen { code: code.trim().to_owned(), password, again, digits, ..Chosen::default() };
        people.choose(chosen, HERE).await.unwrap();
        Self { account: account.to_owned(), authenticator, cookies: BTreeMap::new(), token: String::new() }
    }

    /// Signs in; whoever's account has ended does not come in.
    pub(crate) async fn signs_in(&mut self, world: &World) -> bool {
        self.cookies.clear();
        world.a_minute_later(); // no six digits are good twice
        let digits = self.authenticator.digits(world.now());
        let fields = [("account", self.account.as_str()), ("password", PASSWORD), ("digits", &digits)];
        let page = self.send(world, Request::post("/login", form(&fields))).await;
        if page.status != 303 {
            return false;
        }
        let html = self.send(world, Request::get("/account")).await.html();
        let token = html.split("name=\"form_token\" value=\"").nth(1).unwrap_or_else(|| panic!("{html}"));
        self.token = token.split('"').next().unwrap().to_owned();
        true
    }

    /// The cookie by which he is known.
    pub(crate) fn session(&self) -> String {
        let (name, value) = self.cookies.iter().find(|(name, _)| *name == "__Host-lichphat").unwrap();
        format!("{name}={value}")
    }

    /// A page, once what it shows is there.
    pub(crate) async fn sees(&mut self, world: &World, path: &str) -> Page {
        loop {
            let page = self.send(world, Request::get(path)).await;
            let waits = ["is being made", "being planned for a trial", "Đang lập báo cáo", "Đang tính thử"];
            if page.status != 202 && !waits.iter().any(|wait| page.html().contains(wait)) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Fills in a form and presses its button.
    pub(crate) async fn does(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token.clone();
        let fields = [fields, &[("form_token", token.as_str())]].concat();
        self.send(world, Request::post(path, form(&fields))).await
    }

    async fn send(&mut self, world: &World, request: Request) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = HttpTransport::new(&world.house.url, &world.house.way.authority).unwrap();
        let request = request
            .header("cookie", cookies.join("; "))
            .header("origin", world.house.url.clone())
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = line.send(request).await.unwrap();
        for (name, value) in &answer.headers {
            if name == "set-cookie" {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = answer.status;
        Page { status, bytes: answer.bytes(LARGEST).await.unwrap().to_vec() }
    }
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    serde_urlencoded::to_string(fields).unwrap().into_bytes()
}
