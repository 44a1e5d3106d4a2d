//! What nobody may know: secrets that every installation has in common, and secrets that an answer gives away.

use crate::common::Serve;
use crate::common::TestData;
use crate::common::town::{provision, town};
use crate::{House, ask, pass_of, private_keys, said};
use lichphat_player::identity::credentials::Credentials;
use lichphat_playlists::wire::device::Register;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn cve_2025_54454_hard_coded_credentials() {
    let (ours, theirs) = (House::new().await, House::new().await);
    // what one installation made by itself, no other has: a constant of the program would be in both
    let secrets = |house: &House| -> BTreeSet<String> {
        let (_, file) = provision(&house.data, "C-02", &house.server.doors[0]);
        let mut secrets: BTreeSet<String> = private_keys(house.data.path()).into_iter().collect();
        secrets.extend([file.token, file.plan_key, file.receipt_key, file.command_key]);
        secrets
    };
    let (mine, yours) = (secrets(&ours), secrets(&theirs));
    assert!(mine.len() >= 8 && mine.is_disjoint(&yours), "{:?}", mine.intersection(&yours).collect::<Vec<_>>());

    // what opens a door there opens none here
    let refused = |credentials| {
        let what = "GET /device/v1/index";
        said(&ours.server.doors[0], &ours.server.authority, credentials, what, "", b"")
            .map_or(401, |answer| answer.status)
    };
    assert_eq!((refused(Some(&theirs.player.credentials)), refused(None)), (401, 401));
    let selfmade = Credentials::in_memory().unwrap();
    assert_eq!(refused(Some(&selfmade)), 401);
    let key =
        lichphat_playlists::wire::sign::SigningKey::<lichphat_playlists::wire::sign::Evidence>::from_seed(&[9; 32]);
    for token in yours.iter().map(String::as_str).chain(["", "admin", "token", "0"]) {
        let asks = Register::new(token.to_owned(), &key, selfmade.request().unwrap(), "x", true);
        let (what, body) = ("POST /device/v1/register", serde_json::to_vec(&asks).unwrap());
        let answer = ask(&ours.server.doors[1], &ours.server.authority, what, "", &body);
        assert_eq!(answer.status, 403, "{token}: {}", answer.body);
    }
    assert_eq!(ours.as_player("GET", "/device/v1/index", b"").status, 200, "and its own opens it");

    // and a fresh one knows nobody
    let fresh = TestData::new();
    let db = rusqlite::Connection::open(fresh.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    for table in ["account", "api_token", "device", "provisioning", "session"] {
        let rows: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_29023_secrets_in_api_answers() {
    let house = House::new().await;
    let (_, waiting) = provision(&house.data, "C-02", &house.server.doors[0]);
    let hash = |text: &str| lichphat_playlists::ids::Sha256Hash::of(text.as_bytes()).hex();
    let mut secrets = private_keys(house.data.path());
    secrets.extend([waiting.token.clone(), hash(&waiting.token)]);
    secrets.push(hex::encode(house.player.evidence.seed()));
    let cookie = house.pass.cookie.split_once('=').unwrap().1;
    let bearer = house.pass.bearer.strip_prefix("Bearer ").unwrap();
    secrets.extend([cookie, bearer].iter().flat_map(|secret| [(*secret).to_owned(), hash(secret)]));
    let (pages, device) = (
        [
            "/",
            "/units/P1",
            "/screens/C-01",
            "/screens/C-02",
            "/approvals",
            "/orders",
            "/orders/clean-street",
            "/screens",
            "/many/list.csv",
            "/search?q=a",
            "/peaks",
            "/preflight/clean-street",
            "/metrics",
            "/readyz",
        ],
        ["index", "receipt"],
    );
    let mut answers: Vec<_> = pages.iter().map(|path| (path.to_string(), house.page(path))).collect();
    answers.extend(device.iter().map(|path| {
        let path = format!("/device/v1/{path}");
        (path.clone(), house.as_player("GET", &path, b""))
    }));
    for path in ["screens", "screens/C-01", "screens/C-01/commands", "devices", "campaigns", "media", "units/P1"] {
        let path = format!("/api/v1/{path}");
        answers.push((path.clone(), house.api("GET", &path, "", b"")));
    }
    let beat = house.as_player("POST", "/device/v1/heartbeat", b"{}");
    answers.push(("heartbeat".into(), beat));
    for (path, answer) in answers {
        let said = format!("{}\n{}", answer.head, answer.body);
        let lost = secrets.iter().find(|secret| said.contains(secret.as_str()));
        assert!(lost.is_none() && !said.contains("PRIVATE KEY"), "{path} gives away {lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_password_or_code_is_in_a_log_or_in_a_list_of_processes() {
    let data = town();
    let file = data.path().join("serve.log");
    let any = "127.0.0.1:0";
    let mut command = data.command(&["serve", "--listen", any, "--players", any, "--pairing", any]);
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&file).unwrap());
    let mut server = Serve::logging_to(command, &file, &data);
    let pass = pass_of(&data).await;
    let (cookie, bearer) = (pass.cookie.split_once('=').unwrap().1, pass.bearer.strip_prefix("Bearer ").unwrap());
    let door = (&server.url, &server.authority);
    let send = |what: &str, headers: &str, body: &str| ask(door.0, door.1, what, headers, body.as_bytes()).status;
    let own = "sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let as_program = format!("authorization: {}\r\n", pass.bearer);
    assert_eq!(send("GET /api/v1/screens?unit=P1", &as_program, ""), 200);
    assert_eq!(send("GET /account", &format!("cookie: {}\r\n", pass.cookie), ""), 200);
    let wrong = "account=somebody&password=so-it-goes-1&digits=918273&next=&form_token=";
    assert_eq!(send("POST /login", own, wrong), 401, "it was held against what is kept");
    let first = "code=SO-IT-GOES-2&account=lan&name=Lan&password=so-it-goes-3&again=so-it-goes-3&digits=918274";
    assert_eq!(send("POST /first", own, first), 401);
    assert_eq!(send("GET /api/v1/screens", "authorization: Bearer so-it-goes-4\r\n", ""), 401);
    let signed = format!("{own}cookie: {}\r\nx-form-token: {}\r\n", pass.cookie, pass.form_token);
    let signed = signed.replace("application/x-www-form-urlencoded", "application/json");
    assert_eq!(send("POST /api/v1/screens/C-01/pairing", &signed, "{\"code\":\"SOITGOE5\"}"), 422);
    let listed = std::fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
    let around = std::fs::read(format!("/proc/{}/environ", server.pid())).unwrap();
    server.stop();

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("answered"), "it is talkative: {text}");
    let keys = private_keys(data.path());
    let secrets = [
        cookie,
        bearer,
        &pass.form_token,
        "so-it-goes-1",
        "918273",
        "918274",
        "SO-IT-GOES-2",
        "so-it-goes-3",
        "so-it-goes-4",
        "SOITGOE5",
    ];
    for secret in secrets.into_iter().chain(keys.iter().map(String::as_str)) {
        let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(text.as_bytes()) && !holds(&listed) && !holds(&around), "{secret} can be read by others");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_boxes_with_one_identity_are_told_at_the_door_and_anothers_contracts_to_nobody() {
    use crate::common::people::account;
    use crate::{Pass, as_player};
    use lichphat::people::Role;
    use lichphat::store::Store;
    use lichphat_playlists::ports::Clock as _;
    let house = House::new().await;
    let page = |pass: &Pass, path: &str| {
        let answer = ask(
            &house.server.url,
            &house.server.authority,
            &format!("GET {path}"),
            &format!("cookie: {}\r\n", pass.cookie),
            b"",
        );
        (answer.status, answer.body)
    };
    let doubled = |pass: &Pass| page(pass, "/").1.contains("Hai thiết bị cùng dùng một danh tính");
    let beat = |run: &str| {
        let beat = serde_json::json!({
            "at_ms": 1, "boot": 1, "run": run, "last_seq": 0, "acked_seq": 0, "head": null, "release": null, "media_missing": 0, "faults": [],
            "health": {
                "temperature_mc": 1, "disk": null, "memory": null, "player_memory_bytes": null, "uptime_s": 1, "running_s": 1,
                "data_used_bytes": null, "log": null, "unproven_s": null,
                "clock": { "state": "synced", "error_ms": 1, "offset_ms": 1 },
                "display": { "level": "D1", "connector": null, "panel": null },
                "versions": { "software": "1", "framework": null, "kernel": null }
            }
        });
        let said = as_player(&house.server, &house.player, "POST /device/v1/heartbeat", beat.to_string().as_bytes());
        assert_eq!(said.status, 200, "{}", said.body);
    };
    beat("a");
    beat("b");
    assert!(!doubled(&house.pass), "it was restarted");
    beat("a");
    // pages tell of boxes as they were some seconds ago
    let told = (0..120).any(|_| {
        doubled(&house.pass) || {
            std::thread::sleep(std::time::Duration::from_millis(250));
            false
        }
    });
    assert!(told);
    let devices = house.api("GET", "/api/v1/devices?troubled=true", "", b"").body;
    assert!(devices.contains("\"doubled\""), "{devices}");

    // a ward that has nothing to do with it hears neither of the box nor of what plays there
    std::fs::write(house.data.path().join("u.csv"), "code,name,kind,parent\nP2,Phường Hai,ward,HN\n").unwrap();
    house.data.ok(&["import", "units", house.data.path().join("u.csv").to_str().unwrap()]);
    let screens = "code,name,venue_type,kind,width,height,output,owner,territory\nC-09,Góc phố,corner,managed,1920,1080,video,P2,P2\n";
    std::fs::write(house.data.path().join("s.csv"), screens).unwrap();
    house.data.ok(&["import", "screens", house.data.path().join("s.csv").to_str().unwrap()]);
    let day = crate::today();
    let hash = house.api("GET", "/api/v1/media?kind=still", "", b"").body;
    let hash = hash.split("\"hash\":\"").nth(1).unwrap()[..64].to_owned();
    let length = house.api("GET", &format!("/api/v1/media/{hash}"), "", b"").body;
    let length: serde_json::Value = serde_json::from_str(&length).unwrap();
    let contract = format!(
        "[category_gap_s]\ntea = 60\n[[contract]]\ncode = 'secret-sale'\ntitle = 'Chuyện riêng'\nadvertiser = 'Công ty mẫu'\ncategory = 'tea'\nmin_gap_s = 300\nsample = true\nfrom = {day}\nto = {}\nplays_per_day = 10\n\
         [[contract.place]]\nlink = 'owner'\nunit = 'P1'\n[contract.product]\ntitle = 'Chuyện riêng'\nlength_s = {}\n\
         [[contract.product.variant]]\nlang = 'vi'\nform = 'silent'\nmedia = '{hash}'\n",
        day.plus(9),
        length["duration_s"]
    );
    let sales = contract.split_once("[[contract]]").unwrap().1.replace("'secret-sale'", "'wide-sale'");
    let sales = sales.replace("link = 'owner'\nunit = 'P1'", "link = 'territory'\nunit = 'HN'\nvideo = 'none'");
    std::fs::write(house.data.path().join("c.toml"), format!("{contract}[[contract]]{sales}")).unwrap();
    house.data.ok(&["import", "campaigns", house.data.path().join("c.toml").to_str().unwrap()]);
    let store = Store::open(house.data.path(), 1).unwrap();
    let now = lichphat::clock::SystemClock::new().now();
    let far = account(&store, "far", &[(Role::Viewer, Some("P2"))], now).await;
    assert!(!doubled(&far));
    for (who, knows) in [(&house.pass, true), (&far, false)] {
        let (status, said) = page(who, "/screens/C-09/why?at=08:15&campaign=secret-sale");
        assert!(status == 200 && said.contains("Chuyện riêng") == knows, "{said}");
        let (status, said) = page(who, &format!("/api/v1/screens/C-09/days/{day}/why?at=08:15&campaign=secret-sale"));
        assert_eq!(status == 200, knows, "{said}");
        // the other one is sold wherever the city has loudspeakers, and there is none in that ward
        for (code, figures) in ["secret-sale", "wide-sale"]
            .into_iter()
            .flat_map(|code| ["", "/screens", "/units", "/screens.csv"].map(|figures| (code, figures)))
        {
            let report = |code: &str| page(who, &format!("/api/v1/reports/{code}{figures}?from={day}&to={day}"));
            let (status, said) = report(code);
            assert_eq!(status, if knows { 200 } else { 404 }, "{said}");
            assert!(knows || said.replace(code, "no-sale") == report("no-sale").1, "as what is not there: {said}");
        }
    }
}
