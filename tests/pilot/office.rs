//! People of the story, each with an account of his own, who come in at the people's door.

use super::visitor::{Browser, PASSWORD, Page, first_time};
use super::world::World;
use lichphat::people::Authenticator;

/// Somebody with an account: whoever comes in, comes in with password and six digits.
pub(crate) struct Person {
    pub(crate) account: String,
    authenticator: Authenticator,
    browser: Browser,
    token: String,
}

impl Page {
    pub(crate) fn html(&self) -> String {
        self.html.clone()
    }
}

fn browser(world: &World) -> Browser {
    Browser::at(&world.house.url, &world.house.way.authority)
}

impl Person {
    /// An account that the server's shell makes, and whose owner uses the one-time code.
    pub(crate) async fn new(world: &World, account: &str, name: &str, role: &[&str]) -> Self {
        let code = world.cli(&[&["people", "add", account, "--name", name], role].concat());
        let authenticator = first_time(&world.house.rooms.people, &code, world.now()).await;
        Self { account: account.to_owned(), authenticator, browser: browser(world), token: String::new() }
    }

    /// Signs in; whoever's account has ended does not come in.
    pub(crate) async fn signs_in(&mut self, world: &World) -> bool {
        self.browser = browser(world);
        world.a_minute_later(); // no six digits are good twice
        let digits = self.authenticator.digits(world.now());
        if self.browser.sign_in(&self.account, PASSWORD, &digits).await.status != 303 {
            return false;
        }
        self.token = self.browser.get("/account").await.field("form_token");
        true
    }

    /// The cookie by which he is known.
    pub(crate) fn session(&self) -> String {
        format!("__Host-lichphat={}", self.browser.session())
    }

    /// A page, once what it shows is there.
    pub(crate) async fn sees(&mut self, world: &World, path: &str) -> Page {
        self.browser.turn(&world.house.url, &world.house.way.authority);
        loop {
            let page = self.browser.get(path).await;
            let waits = ["is being made", "being planned for a trial", "Đang lập báo cáo", "Đang tính thử"];
            if !waits.iter().any(|wait| page.html.contains(wait)) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Fills in a form and presses its button.
    pub(crate) async fn does(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Page {
        self.browser.turn(&world.house.url, &world.house.way.authority);
        self.browser.post(path, &[fields, &[("form_token", self.token.as_str())]].concat()).await
    }
}
