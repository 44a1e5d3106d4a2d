//! Somebody at a browser: presses what he reads, fills in what is asked for, and every such step is counted, looked at and kept as a picture.

use crate::chrome::{Chrome, Look, is_thorough, own_dir, say};
use crate::place::Place;
use crate::visitor::{PASSWORD, first_time};
use fantoccini::Locator;
use fantoccini::elements::Element;
use lichphat::lang::Lang;
use lichphat::people::Authenticator;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Keys, as WebDriver names them.
const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// Ways in which a story is walked.
pub(crate) const WAYS: [(Look, Lang); 2] = [(Look::PHONE, Lang::Vi), (Look::DESK, Lang::En)];

/// What somebody comes in with.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) authenticator: Authenticator,
}

impl Account {
    /// An account that the server's shell made, once its owner has used the one-time code.
    pub(crate) async fn new(place: &Place, name: &str, role: &[&str]) -> Self {
        let code = place.data.ok(&[&["people", "add", name, "--name", "Trần Thị Lan"], role].concat());
        let rooms = &place.server.rooms;
        let authenticator = first_time(&rooms.people, &code, rooms.clock.now()).await;
        place.a_minute_later(); // no six digits are good twice
        Self { name: name.to_owned(), authenticator }
    }
}

/// One at a browser of his own.
pub(crate) struct Person<'p> {
    pub(crate) place: &'p Place,
    pub(crate) chrome: Chrome,
    story: &'static str,
    lang: Lang,
    /// Clicks and filled fields.
    pub(crate) steps: u32,
    faults: Vec<String>,
}

impl<'p> Person<'p> {
    /// Who reads Vietnamese.
    pub(crate) async fn at(place: &'p Place, story: &'static str, look: Look) -> Self {
        Self::by(place, story, (look, Lang::Vi)).await
    }

    pub(crate) async fn by(place: &'p Place, story: &'static str, (look, lang): (Look, Lang)) -> Self {
        let chrome = Chrome::in_language(look, lang).await;
        chrome.go(&format!("{}/login?lang={}", place.url, lang.code())).await;
        Self { place, chrome, story, lang, steps: 0, faults: Vec::new() }
    }

    /// A word of the page's own.
    pub(crate) fn word(&self, key: &str) -> String {
        self.lang.text(key)
    }

    /// Name, password and the six digits of the moment.
    pub(crate) fn secrets(&self, account: &Account) -> (String, String, String) {
        let digits = account.authenticator.digits(self.place.server.rooms.clock.now());
        (account.name.clone(), PASSWORD.to_owned(), digits)
    }

    pub(crate) async fn sign_in(&mut self, account: &Account) {
        let (name, password, digits) = self.secrets(account);
        self.fill("sign-account", &name).await;
        self.fill("sign-password", &password).await;
        self.fill("sign-digits", &digits).await;
        self.press("sign-in").await;
        // his digits are looked at before the minute is over
        self.until("return !location.pathname.startsWith('/login')", vec![]).await;
        self.place.a_minute_later();
    }

    /// Writes into the first field with this label, in the place of what stands there.
    pub(crate) async fn fill(&mut self, label: &str, text: &str) {
        let label = self.word(label);
        let named = format!("normalize-space(text()[1])={0} or normalize-space(span[1]/text()[1])={0}", quoted(&label));
        let field =
            self.seen(&format!("//label[{named}]//*[self::input or self::select or self::textarea]"), &label).await;
        self.write(field, text).await;
    }

    /// Writes into the first field of this name: its label says no more than another one's, and stands below its own heading.
    pub(crate) async fn fill_named(&mut self, name: &str, text: &str) {
        let field = self.seen(&format!("//*[@name='{name}']"), name).await;
        self.write(field, text).await;
    }

    async fn write(&mut self, field: Element, text: &str) {
        self.steps += 1;
        if field.tag_name().await.unwrap() == "select" {
            return field.select_by_value(text).await.unwrap();
        }
        let kind = field.prop("type").await.unwrap().unwrap_or_default();
        if ["date", "time"].contains(&kind.as_str()) {
            // typed in an order that is the browser's language's; the page sees the same
            let set =
                "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', { bubbles: true }));";
            self.chrome.ask(set, vec![serde_json::to_value(&field).unwrap(), json!(text)]).await;
            return;
        }
        if kind != "file" && !field.prop("value").await.unwrap().unwrap_or_default().is_empty() {
            field.clear().await.unwrap();
        }
        field.send_keys(text).await.unwrap();
    }

    /// Chooses a file of this machine.
    pub(crate) async fn choose(&mut self, label: &str, file: &Path) {
        self.fill(label, file.to_str().unwrap()).await;
    }

    /// Presses the first button that says this.
    pub(crate) async fn press(&mut self, key: &str) {
        let words = self.word(key);
        self.press_words(&words).await;
    }

    pub(crate) async fn press_words(&mut self, words: &str) {
        let button = self.seen(&format!("//button[normalize-space(.)={}]", quoted(words)), words).await;
        self.click(button, words).await;
    }

    /// Opens what is folded away under these words.
    pub(crate) async fn unfold(&mut self, key: &str) {
        let words = self.word(key);
        let summary = self.seen(&format!("//summary[normalize-space(.)={}]", quoted(&words)), &words).await;
        self.click(summary, &words).await;
    }

    /// Follows the first link that leads there; of one that is in the menu alone, the menu is opened first.
    pub(crate) async fn follow(&mut self, to: &str) {
        let path = format!("//a[@href={0} or starts-with(@href, concat({0}, '?'))]", quoted(to));
        if self.visible(&path).await.is_none() && self.visible("//button[@popovertarget]").await.is_some() {
            self.press("nav-menu").await;
        }
        let link = self.seen(&path, to).await;
        link.click().await.unwrap_or_else(|e| panic!("{}: {to}: {e}", self.story));
        self.steps += 1;
        self.kept(is_thorough()).await; // pages of the table are looked at one by one, beside the stories
    }

    async fn click(&mut self, what: Element, words: &str) {
        what.click().await.unwrap_or_else(|e| panic!("{}: {words}: {e}", self.story));
        self.steps += 1;
        self.looked().await;
    }

    /// Takes home what is behind the first link or button that begins with these words; its bytes.
    pub(crate) async fn download(&mut self, words: &str) -> Vec<u8> {
        let dir = own_dir();
        let to = json!({ "behavior": "allow", "downloadPath": dir.path() });
        self.chrome.cdp("Browser.setDownloadBehavior", to).await;
        let path = format!("//*[self::a or self::button][starts-with(normalize-space(.), {})]", quoted(words));
        let what = self.seen(&path, words).await;
        self.click(what, words).await;
        let begun = Instant::now();
        loop {
            let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path()).collect();
            if let [file] = &files[..]
                && !file.to_string_lossy().ends_with(".crdownload")
                && file.metadata().unwrap().len() > 0
            {
                return std::fs::read(file).unwrap();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{}: {words} brings {files:?}", self.story);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first element there that can be seen.
    async fn visible(&self, path: &str) -> Option<Element> {
        for element in self.chrome.client.find_all(Locator::XPath(path)).await.unwrap() {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    async fn seen(&self, path: &str, words: &str) -> Element {
        if let Some(element) = self.visible(path).await {
            return element;
        }
        self.chrome.picture(&format!("stories/{}-{}-lost", self.story, self.chrome.look.word())).await;
        panic!("{}, step {}: {words} is not on the page\n{}", self.story, self.steps, self.text().await)
    }

    /// A picture of where he stands now, and what there is to find fault with. What is on a desk is on a telephone, too: when time is short,
    /// it is held to axe-core there.
    pub(crate) async fn looked(&mut self) {
        self.kept(self.chrome.look.phone || is_thorough()).await;
    }

    /// The same, held to axe-core when it is asked for.
    async fn kept(&mut self, axe: bool) {
        let look = self.chrome.look.word();
        self.chrome.picture(&format!("stories/{}-{look}-{:02}", self.story, self.steps)).await;
        let found = if axe { self.chrome.faults().await } else { self.chrome.sticks_out().await };
        self.faults.extend(found.into_iter().map(|f| format!("{} ({look}), step {}: {f}", self.story, self.steps)));
    }

    /// A picture for the guide of his role, with this part of the page at its top; nothing: the top of the page. On whatever he walks the
    /// story, it is taken on what people of his role have at hand.
    pub(crate) async fn guide_picture(&mut self, name: &str, part: &str) {
        self.chrome.guide_picture(self.lang.code(), name, part).await;
    }

    /// What can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let text = self.chrome.ask("return document.querySelector('main').innerText", vec![]).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// He reads this, once what he pressed has brought it.
    pub(crate) async fn reads(&self, words: &str) {
        let script =
            "const main = document.querySelector('main'); return !!main && main.innerText.includes(arguments[0])";
        self.until(script, vec![json!(words)]).await;
    }

    /// He reads this word of the page's own.
    pub(crate) async fn reads_word(&self, key: &str) {
        self.reads(&self.word(key)).await;
    }

    /// Waits until a script on the page says yes.
    pub(crate) async fn until(&self, script: &str, args: Vec<Value>) {
        let begun = Instant::now();
        // a page that is being left answers nothing
        while self.chrome.client.execute(script, args.clone()).await.unwrap_or_default() != json!(true) {
            let text = || self.text();
            if begun.elapsed() > Duration::from_secs(60) {
                panic!("{}, step {}: {script} {args:?}\n{}", self.story, self.steps, text().await);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Presses Tab until what has the focus says this, and then Enter; each counts as the one step that it is.
    pub(crate) async fn tab_to(&mut self, words: &str, then: &str) {
        const FOCUSED: &str = "
            const at = document.activeElement, label = at.closest('label');
            return (label ? label.innerText : at.getAttribute('aria-label') || at.innerText || '').trim();";
        for _ in 0..80 {
            self.key(TAB.to_owned()).await;
            if self.chrome.ask(FOCUSED, vec![]).await.as_str().unwrap_or_default().starts_with(words) {
                let outlined =
                    self.chrome.ask("return getComputedStyle(document.activeElement).outlineStyle !== 'none'", vec![]);
                assert_eq!(outlined.await, true, "{words}: nothing shows where the keyboard is");
                self.key(then.to_owned()).await;
                self.steps += 1;
                return;
            }
        }
        panic!("{}: no Tab leads to {words}", self.story)
    }

    async fn key(&self, keys: String) {
        let at = self.chrome.client.active_element().await.unwrap();
        at.send_keys(&keys).await.unwrap();
    }

    /// The end of the story: how many steps it took, and that nothing on its way is unfit for anybody.
    pub(crate) fn done(self) -> u32 {
        say(&format!("story of {}, {}: {} steps", self.story, self.chrome.look.word(), self.steps));
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
        self.steps
    }
}

/// As XPath writes a text.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
