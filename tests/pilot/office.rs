//! People of the story, each with an account of his own, who come in at the people's door.

use super::month::Month;
use super::visitor::{Browser, PASSWORD, Page, first_time};
use super::world::World;
use lichphat::cmd::import::Kind;
use lichphat::people::Authenticator;
use lichphat_playlists::ids::Sha256Hash;

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

/// What waits on the page of approvals: its number, and the hashes of its files.
fn waiting(page: &str) -> Vec<(String, Vec<String>)> {
    let cards = page.split("id=\"proposal-").skip(1).map(|card| card.split("</section>").next().unwrap());
    let hashes = |card: &str| {
        let files = card.split("class=\"small code\">").skip(1);
        files.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    cards.map(|card| (card.split('"').next().unwrap().to_owned(), hashes(card))).collect()
}

impl Month {
    /// A document of the city: two approvers look at each file on their page and say yes, one after the other; one alone is not enough,
    /// however often.
    pub(crate) async fn signed(&mut self, what: &str, text: &str) {
        self.world.lay_open(Kind::Directives, "toml", text).await;
        let (world, approvers) = (&self.world, &mut self.people.approvers);
        let first = &mut approvers[0];
        assert!(first.signs_in(world).await);
        let before = waiting(&first.sees(world, "/approvals").await.html());
        let mut others = 0;
        for hash in before.iter().flat_map(|(_, hashes)| hashes) {
            let file = first.sees(world, &format!("/approvals/files/{hash}")).await;
            others += u32::from(file.status != 200 || Sha256Hash::of(&file.bytes).to_string() != *hash);
        }
        let mut open = Vec::new();
        for who in [0, 0, 1] {
            let person = &mut approvers[who];
            assert!(person.signs_in(world).await);
            for (number, _) in &before {
                let yes = [("say", "approve"), ("words", "thí điểm")];
                assert_eq!(person.does(world, &format!("/approvals/{number}"), &yes).await.status, 303);
            }
            open.push(waiting(&person.sees(world, "/approvals").await.html()).len());
        }
        let n = before.len();
        self.score.line(
            &format!("{what}: hai người duyệt khác nhau xem từng tệp và ký trên trang; một người ký hai lần vẫn chưa đủ (two people sign on the page)"),
            "/approvals",
            (true, 0, vec![n, n, 0]),
            (n > 0, others, open),
        );
    }
}
