//! Every request that people may make, by everybody, against `matrix.csv`: a table that people review and no handler reads.
//!
//! Of each role there are three holders: of a role over the unit whose things are asked for (`own`), over another unit (`foreign`) and over the
//! whole city (`city`), each signed in with a second factor; `token` has every role over the unit, and shows no second factor. A cell says
//! `ok` (he is let in, whatever comes of an empty request), 401, 403 or 404. A route without a row fails, and so does a row that lets
//! nobody in. So `ok` of `/account/…` and `/approvals…` is a 400 or 404 of the room behind the gate, and says nothing of what the room
//! lets him do: that is tried with real forms in `story_people` and `story_approval`.

use crate::House;
use crate::common::people::{Pass, account};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use lichphat::clock::SystemClock;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::lang::Lang;
use lichphat::people::Role;
use lichphat::web::routes::{Need, Subject, rows};
use lichphat::web::{self, Service};
use lichphat_playlists::ids::CommandId;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::wire::command::{Answer, Outcome};
use lichphat_playlists::wire::sign::SigningKey;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/abuse/matrix.csv");
/// Where a role is held, and what it is asked to reach: the things of the first unit, or of the second.
const REACHES: [(&str, Option<&str>, usize); 3] =
    [("own", Some("P1"), 0), ("foreign", Some("P1"), 1), ("city", None, 0)];

/// The columns: nobody, a token, and each role three times.
fn columns() -> Vec<String> {
    let roles = Role::ALL.iter().flat_map(|role| REACHES.map(|(reach, ..)| format!("{role}/{reach}")));
    ["nobody".to_owned(), "token/own".to_owned()].into_iter().chain(roles).collect()
}

/// The service in this process, and who comes to it.
struct Door {
    service: Service,
    passes: BTreeMap<String, Pass>,
    /// What stands for the words of paths, once in each unit.
    words: [BTreeMap<&'static str, String>; 2],
    _house: House,
}

impl Door {
    async fn open() -> Self {
        let house = House::new().await;
        std::fs::write(house.data.path().join("more.csv"), "code,name,kind,parent\nP2,Phường Hai,ward,HN\n").unwrap();
        house.data.ok(&["import", "units", house.data.path().join("more.csv").to_str().unwrap()]);
        let screens = "code,name,venue_type,kind,width,height,output,owner,territory\nC-09,Góc phố,corner,managed,1920,1080,video,P2,P2\n";
        std::fs::write(house.data.path().join("far.csv"), screens).unwrap();
        house.data.ok(&["import", "screens", house.data.path().join("far.csv").to_str().unwrap()]);
        for unit in ["P1", "P2"] {
            let item = format!(
                "[[item]]\ncode = 'own-{unit}'\ntitle = 'x'\nweight = 1\nturn = 1\n[[item.place]]\nunit = '{unit}'\n\
                 [item.product]\ntitle = 'x'\nlength_s = 20\n[[item.product.variant]]\nlang = 'vi'\nform = 'silent'\nfile = 'notice.png'\n"
            );
            std::fs::write(house.data.path().join("own.toml"), item).unwrap();
            house.data.ok(&["import", "campaigns", house.data.path().join("own.toml").to_str().unwrap()]);
        }
        let clock = Arc::new(SystemClock::new());
        let rooms =
            Rooms::open(&Context { settings: house.data.settings(), lang: Lang::En, clock: clock.clone() }).unwrap();
        let mut passes = BTreeMap::new();
        for role in Role::ALL {
            for unit in [Some("P1"), None] {
                let name = format!("{role}-{}", unit.unwrap_or("city")).to_lowercase();
                let pass = account(&rooms.store, &name, &[(*role, unit)], clock.now()).await;
                passes.insert(format!("{role}/{unit:?}"), pass);
            }
        }
        let roles: Vec<_> = Role::ALL.iter().map(|role| (*role, Some("P1"))).collect();
        passes.insert("token".to_owned(), account(&rooms.store, "all-of-p1", &roles, clock.now()).await);

        // a picture, so that it can be told whether somebody may see it
        let asked = house.api("POST", "/api/v1/screens/C-01/commands", "application/json", b"{\"ask\":\"screenshot\"}");
        let asked: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
        let picture = asked["id"].as_u64().unwrap();
        let player = &house.player;
        let answer = Answer {
            id: CommandId(picture),
            device: player.device,
            epoch: player.epoch,
            at_ms: clock.now(),
            outcome: Outcome::Picture { jpeg: "/9j/".to_owned() },
        };
        let sealed = answer.seal(&SigningKey::from_seed(&player.evidence.seed()));
        assert_eq!(house.as_player("POST", "/device/v1/answers", sealed.as_bytes()).status, 204);
        // people who are looked after there
        for unit in ["P1", "P2"] {
            let roles = [(Role::Viewer, Some(unit)), (Role::Operator, Some(unit))];
            account(&rooms.store, &format!("of-{}", unit.to_lowercase()), &roles, clock.now()).await;
        }
        let db = Connection::open(house.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
        let grant_of = |unit: &str| -> u32 {
            db.query_row(
                "SELECT id FROM account_grant WHERE account = 'of-' || lower(?1) AND role = 'operator'",
                [unit],
                |row| row.get(0),
            )
            .unwrap()
        };
        let media =
            house.api("GET", "/api/v1/media", "", b"").body.split("\"hash\":\"").nth(1).unwrap()[..64].to_owned();
        let words = |unit: &str, screen: &str| {
            let day = crate::today().to_string();
            let all = [
                ("unit", unit),
                ("screen", screen),
                ("account", &format!("of-{}", unit.to_lowercase())),
                ("grant", &grant_of(unit).to_string()),
                ("token", "0"),
                ("day", &day),
                ("campaign", "clean-street"),
                ("raise", "1"),
                ("order", "clean-street"),
                ("draft", "1"),
                ("command", &picture.to_string()),
                ("file", &format!("{picture}.jpg")),
                ("kind", "units"),
                ("case", "1"),
                ("proposal", "1"),
                ("draw", "0"),
                ("report", "report.csv"),
                ("draft", "0"),
                ("done", "0"),
                ("group", "0"),
                ("media", &media),
                ("item", &format!("own-{unit}")),
                ("guide", "operator"),
                ("lang", "vi"),
                ("picture", "operator-today.webp"),
                ("…", "checkpoint"),
            ];
            all.map(|(name, value)| (name, value.to_owned())).into_iter().collect()
        };
        let words = [words("P1", "C-01"), words("P2", "C-09")];
        let service = web::service(&rooms.app());
        Self { service, passes, words, _house: house }
    }

    /// How somebody fares: `ok`, or why not.
    async fn fares(&self, (method, path, need): (&str, &str, Need), column: &str) -> String {
        let (who, reach) = column.split_once('/').unwrap_or((column, "own"));
        let (_, top, of) = REACHES.into_iter().find(|(name, ..)| *name == reach).unwrap();
        let mut real = path.to_owned();
        for (name, value) in &self.words[of] {
            real = real.replace(&format!("{{{name}}}"), value);
        }
        assert!(!real.contains('{'), "{path}: say in `words` what stands for its words");
        if real.ends_with("/why") && real.starts_with("/api/") {
            real += "?campaign=clean-street&at=08:15";
        }
        let mut request = Request::builder().method(method).uri(&real).header("sec-fetch-site", "same-origin");
        request = match who {
            "nobody" => request,
            "token" => request.header(header::AUTHORIZATION, &self.passes["token"].bearer),
            role => {
                let pass = &self.passes[&format!("{role}/{top:?}")];
                request.header(header::COOKIE, &pass.cookie).header("x-form-token", &pass.form_token)
            }
        };
        // a form that could be carried out, where only what is behind it can say whom it concerns
        let form = match path {
            "/people/{account}/grant" => format!("role=viewer&unit={}", self.words[of]["unit"]),
            "/people/{account}/revoke" => format!("grant={}", self.words[of]["grant"]),
            "/api/v1/people/{account}/grants" => {
                format!("{{\"role\":\"viewer\",\"unit\":\"{}\"}}", self.words[of]["unit"])
            }
            "/api/v1/people/{account}/tokens" => "{\"label\":\"x\",\"acts\":[\"view\"],\"days\":1}".to_owned(),
            // nobody takes over from himself: who may is told so, and nothing ends
            "/api/v1/people/{account}/deactivation" => format!("{{\"heir\":\"{}\"}}", self.words[of]["account"]),
            _ => String::new(),
        };
        request = if form.starts_with('{') { request.header("content-type", "application/json") } else { request };
        // the head tells it all, and one answer has no end: the stream of news
        let answer = self.service.answer(request.body(Full::new(Bytes::from(form))).unwrap()).await;
        let status = answer.status().as_u16();
        assert!(status < 500 || path.starts_with("/readyz"), "{method} {real}: {status}");
        let login = answer.headers().get(header::LOCATION).is_some_and(|to| to.to_str().unwrap().starts_with("/login"));
        let hides = matches!(need, Need::May(_, Subject::Unit(_) | Subject::Screen(_) | Subject::Somewhere));
        match status {
            303 if login && path != "/logout" => "401".to_owned(),
            401 | 403 => status.to_string(),
            404 if hides => status.to_string(),
            _ => "ok".to_owned(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2026_31956_every_route_by_every_role_and_a_foreign_unit() {
    let door = Door::open().await;
    let columns = columns();
    let head = format!("method,path,{}", columns.join(","));
    let text = std::fs::read_to_string(TABLE).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some(&*head), "the columns of matrix.csv");
    let mut expected: BTreeMap<String, &str> = BTreeMap::new();
    for line in lines {
        let key: Vec<&str> = line.splitn(3, ',').take(2).collect();
        assert!(line.contains(",ok"), "nobody is let in, so nothing is tried: {line}");
        assert!(expected.insert(key.join(","), line).is_none(), "twice: {line}");
    }
    let mut wrong = Vec::new();
    // who leaves is gone, so that comes last
    let mut all: Vec<_> = rows().collect();
    let leaves = |path: &str| ["/logout", "/api/v1/session"].contains(&path);
    all.sort_by_key(|(_, path, _)| (leaves(path), path.ends_with("/deactivate")));
    for row in all {
        let mut line = format!("{},{}", row.0, row.1);
        let said = expected.remove(&line);
        for column in &columns {
            line += &format!(",{}", door.fares(row, column).await);
        }
        if said != Some(&*line) {
            wrong.push(format!(
                "the table: {}\nthe server: {line}",
                said.unwrap_or("has no row: look whether that is right, then add it")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expected.is_empty(), "there are no such routes: {:?}", expected.keys());
}
