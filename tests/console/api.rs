//! The API beside the console: the same facts, in pages, with refusals that say how to mend them.

use super::*;
use lichphat_playlists::ports::Clock as _;
use serde_json::{Value, json};

impl Town {
    /// Asks as a program does; every answer says what it is, and every refusal is a problem as RFC 9457 has it.
    async fn api(&self, mut request: http::request::Builder, body: &str) -> (u16, Value, http::HeaderMap) {
        if !request.headers_ref().unwrap().contains_key(header::COOKIE) {
            request = request.header(header::AUTHORIZATION, &self.pass.bearer);
        }
        let (status, text, headers) = self.send(request.body(Bytes::from(body.to_owned())).unwrap()).await;
        let kind = headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
        assert_eq!(headers["x-content-type-options"], "nosniff");
        if status.as_u16() >= 400 {
            assert_eq!(kind, "application/problem+json", "{text}");
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(problem["status"], status.as_u16());
            for sentence in ["title", "detail"] {
                let said = problem[sentence].as_str().unwrap();
                assert!(said.contains(' ') && !said.starts_with("problem-"), "a sentence is missing: {problem}");
            }
            return (status.as_u16(), problem, headers);
        }
        let value = if kind == "application/json" { serde_json::from_str(&text).unwrap() } else { Value::from(text) };
        (status.as_u16(), value, headers)
    }

    async fn get_api(&self, path: &str) -> Value {
        let (status, value, _) = self.api(Request::get(path), "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// As who has signed in with a second factor: what the city says is said by no token.
    async fn signed(&self, request: http::request::Builder) -> http::request::Builder {
        let roles: Vec<_> = lichphat::people::Role::ALL.iter().map(|role| (*role, None)).collect();
        let pass = common::people::account(&self.rooms.store, "signed", &roles, self.clock.now()).await;
        let request = request.header(header::COOKIE, pass.cookie).header("x-form-token", pass.form_token);
        request.header("sec-fetch-site", "same-origin")
    }

    async fn import_api(&self, kind: &str, form: &str, document: &str) -> (u16, Value) {
        let request = Request::post(format!("/api/v1/imports/{kind}")).header(header::CONTENT_TYPE, form);
        let request = self.signed(request).await;
        let (status, value, _) = self.api(request, document).await;
        (status, value)
    }
}

#[tokio::test]
async fn what_the_description_says_is_what_there_is() {
    let (town, _) = town_with_a_day().await;
    let described = town.get_api("/api/openapi.json").await;
    assert_eq!(described["openapi"], "3.1.0");
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    let known = [
        ("{unit}", "W1"),
        ("{screen}", "S1"),
        ("{day}", "2026-11-20"),
        ("{campaign}", "ihanoi"),
        ("{raise}", "1"),
        ("{kind}", "units"),
        ("{media}", "0"),
        ("{proposal}", "1"),
        ("{command}", "1"),
        ("{draw}", "0"),
        ("{account}", "of-w2"),
        ("{grant}", "0"),
        ("{token}", "0"),
        ("{draft}", "1"),
        ("{item}", "none"),
    ];
    for (path, methods) in paths {
        let real = known.iter().fold(path.clone(), |path, (place, value)| path.replace(place, value));
        assert!(!real.contains('{'), "{path}: give its place a value here");
        for (method, op) in methods.as_object().unwrap() {
            let query =
                op["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "query" && p["required"] == true);
            let query: Vec<_> = query.map(|p| if p["name"] == "at" { "at=08:15" } else { "campaign=ihanoi" }).collect();
            let request =
                Request::builder().method(method.to_uppercase().as_str()).uri(format!("{real}?{}", query.join("&")));
            let (status, value, _) = town.api(request, "").await;
            assert!(op["responses"][status.to_string()].is_object(), "{method} {path} answers {status}: {value}");
            assert!(status < 500 && status != 405, "{method} {path}: {status}");
        }
        let (status, _, headers) = town.api(Request::patch(&real), "").await;
        assert!(status == 405 && !headers[header::ALLOW].is_empty(), "{path}");
    }
    // every form that is named is there
    let text = described.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(described["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn lists_are_sorted_filtered_and_go_on_where_they_were_left() {
    let (town, _) = town_with_a_day().await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/screens?limit=2&sort=name".to_owned();
    loop {
        let (_, page, headers) = town.api(Request::get(&path), "").await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => {
                assert!(headers[header::LINK].to_str().unwrap().contains(&format!("cursor={next}")));
                path = format!("/api/v1/screens?limit=2&sort=name&cursor={next}");
            }
            None => break,
        }
    }
    assert_eq!(seen, ["S2", "S3", "S1"], "Màn hình …, Một cửa, Sảnh …");
    let codes = async |path: &str| -> Vec<String> {
        let page = town.get_api(path).await;
        page["items"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes("/api/v1/screens?unit=W1").await, ["S1", "S2"]);
    assert_eq!(codes("/api/v1/screens?unit=W1&kind=third-party").await, ["S2"]);
    assert_eq!(codes("/api/v1/screens?unit=HN&link=sector").await, [""; 0]);
    assert_eq!(codes("/api/v1/units?under=HN&kind=ward").await, ["W1", "W2", "W3"]);
    assert_eq!(codes("/api/v1/campaigns?on=2026-11-20").await, ["ihanoi"]);
    assert_eq!(codes("/api/v1/campaigns?on=2027-11-20").await, [""; 0]);

    let (_, _, headers) = town.api(Request::get("/api/v1/units"), "").await;
    let again = Request::get("/api/v1/units").header(header::IF_NONE_MATCH, &headers[header::ETAG]);
    assert_eq!(town.api(again, "").await.0, 304);
}

#[tokio::test]
async fn the_api_and_the_page_say_the_same_of_a_day() {
    let (town, plan) = town_with_a_day().await;
    let day = town.get_api("/api/v1/screens/S1/days/2026-11-20").await;
    assert_eq!(
        (day["duty"].as_str(), day["plan"]["hash"].as_str()),
        (Some("08:00-12:00;13:00-17:00"), Some(&*plan.head.hash.hex()))
    );
    let states = |state: &str| {
        day["lines"].as_array().unwrap().iter().filter(|l| l["campaign"] == "ihanoi" && l["state"] == state).count()
    };
    assert_eq!((states("counted"), states("not-counted"), states("pending")), (4, 2, 1));
    assert!(day["lines"].as_array().unwrap().iter().any(|line| line["record"] == "1.1.1"));
    let why = town.get_api("/api/v1/screens/S1/days/2026-11-20/why?campaign=ihanoi&at=12:30").await;
    assert!(why["text"].as_str().unwrap().contains("hoạt động") && why["rule"].is_string(), "{why}");
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let report = town.get_api("/api/v1/reports/ihanoi?from=2026-11-20&to=2026-11-20").await;
    assert_eq!((report["totals"]["counted"].as_u64(), report["totals"]["existing"].as_u64()), (Some(4), Some(3)));
    let rows = town.get_api("/api/v1/reports/ihanoi/screens?from=2026-11-20&to=2026-11-20").await;
    assert_eq!((rows["items"][0]["counted"].as_u64(), rows["items"][0]["short"].as_u64()), (Some(4), Some(2)));
    let csv = town.get_api("/api/v1/reports/ihanoi/screens.csv?from=2026-11-20&to=2026-11-20").await;
    assert!(csv.as_str().unwrap().starts_with("screen,name,kind,") && csv.as_str().unwrap().contains("\nS1,"), "{csv}");
}

#[tokio::test]
async fn a_refusal_names_field_value_and_mend_in_the_readers_language() {
    let (town, _) = town_with_a_day().await;
    for (path, status, code, vi) in [
        ("/api/v1/screens/S9", 404, "unknown-screen", "screen = \"S9\": hãy xem lại mã"),
        ("/api/v1/screens/S1/days/2026-02-30", 404, "unknown-day", "day = \"2026-02-30\""),
        ("/api/v1/screens?limit=0", 400, "bad-parameter", "limit = \"0\""),
        ("/api/v1/screens?limit=1&limit=2", 400, "bad-query", "limit"),
        ("/api/v1/screens?nuit=W1", 400, "unknown-parameter", "nuit = \"W1\""),
        ("/api/v1/screens?cursor=%00", 400, "bad-cursor", "next"),
        ("/api/v1/screens/S1/days/2026-11-20/why?at=08:15", 400, "missing-parameter", "campaign"),
        ("/api/v1/reports/ihanoi?from=2026-11-21&to=2026-11-20", 400, "bad-period", "366"),
        ("/api/v1/reports/nobody", 404, "unknown-campaign", "nobody"),
        ("/api/v1/nothing", 404, "not-found", "/api/openapi.json"),
        ("/api", 404, "not-found", "/api/openapi.json"),
    ] {
        let (got, problem, headers) = town.api(Request::get(path), "").await;
        assert_eq!((got, problem["type"].as_str()), (status, Some(code)), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(vi), "{path}: {problem}");
        assert_eq!(headers[header::CONTENT_LANGUAGE], "vi");
        let english = Request::get(path).header(header::ACCEPT_LANGUAGE, "en-GB,en;q=0.8");
        let (_, said, headers) = town.api(english, "").await;
        assert_eq!((&said["type"], &headers[header::CONTENT_LANGUAGE]), (&problem["type"], &"en".parse().unwrap()));
        assert_ne!(said["title"], problem["title"], "{path}");
    }
}

#[tokio::test]
async fn who_has_brought_which_file_stands_in_the_history_of_each_screen_that_it_changed() {
    let (town, _) = town_with_a_day().await;
    let screens = "code,name,venue_type,kind,width,height,output,owner,territory\n\
                   S1,Sảnh mới,office,managed,1920,1080,video,W1,W1\nS9,Cửa sau,office,managed,1920,1080,video,W1,W1\n";
    assert_eq!(town.import_api("screens?dry_run=true", "text/csv", screens).await.0, 200);
    assert!(!town.ok("/screens/S1/history").await.contains("Nhập dữ liệu bằng tệp"), "to look does nothing");
    let (status, taken) = town.import_api("screens", "text/csv", screens).await;
    assert_eq!((status, &taken["added"], &taken["changed"]), (200, &json!(1), &json!(1)), "{taken}");
    let file = lichphat_playlists::ids::Sha256Hash::of(screens.as_bytes()).hex();
    for code in ["S1", "S9"] {
        let html = town.ok(&format!("/screens/{code}/history")).await;
        let detail = format!("file {file}, 1 added, 1 changed, 0 unchanged");
        for said in ["Nhập dữ liệu bằng tệp", "signed", &*detail] {
            assert!(html.contains(said), "{said}\n{html}");
        }
    }
    assert!(!town.ok("/screens/S2/history").await.contains("Nhập dữ liệu"), "it says nothing of this one");
    // the same file again changes no screen
    town.import_api("screens", "text/csv", screens).await;
    assert_eq!(town.ok("/screens/S1/history").await.matches("Nhập dữ liệu bằng tệp").count(), 1);
    let closures = "screen,from,to,reason,author\nS1,2026-11-24 08:00,2026-11-24 09:00,Sửa nguồn,lan\n";
    let (status, taken) = town.import_api("closures", "text/csv", closures).await;
    assert_eq!(status, 200, "{taken}");
    assert_eq!(town.ok("/screens/S1/history").await.matches("Nhập dữ liệu bằng tệp").count(), 2);
}

#[tokio::test]
async fn closures_the_week_and_the_history_of_a_screen_are_there_for_programs() {
    let (town, _) = town_with_a_day().await; // Friday, 20 November
    let json_post = |path: &str| Request::post(path).header(header::CONTENT_TYPE, "application/json");
    let close = async |from: &str, to: &str, reason: &str| {
        let body = json!({ "from": from, "to": to, "reason": reason }).to_string();
        let (status, value, _) = town.api(json_post("/api/v1/screens/S1/closures"), &body).await;
        (status, value)
    };
    let (status, listed) = close("2026-11-24", "2026-11-25", "Sửa nguồn").await;
    assert_eq!(status, 200, "{listed}");
    let row = &listed["items"][0];
    assert_eq!((&row["from"], &row["to"]), (&json!("2026-11-24 00:00"), &json!("2026-11-25 24:00")), "{listed}");
    assert_eq!(town.get_api("/api/v1/screens/S1/closures").await, listed);
    for (from, to, status, said) in [
        ("2026-11-24", "2026-11-26", 409, "closure-clash"),
        ("2026-11-01", "2026-11-26", 422, "from = "),
        ("2026-11-26", "2026-11-24", 422, "to = "),
    ] {
        let (got, problem) = close(from, to, "x").await;
        assert!(got == status && problem.to_string().contains(said), "{said}: {got} {problem}");
    }
    let week = town.get_api("/api/v1/screens/S1/week").await;
    let day = |n: usize| &week["items"][n];
    assert_eq!((&day(0)["day"], &day(0)["planned"], &day(4)["duty"]), (&json!("2026-11-20"), &json!(true), &json!("")));
    assert_eq!((&day(4)["closures"][0]["reason"], &day(6)["closures"]), (&json!("Sửa nguồn"), &json!([])), "{week}");
    let order = day(0)["campaigns"].as_array().unwrap().iter().find(|c| c["campaign"] == "ihanoi").unwrap();
    assert_eq!((&order["asked"], &order["planned"]), (&json!(6), &json!(6)), "{week}");

    let reopen = async |to: &str| {
        let body = json!({ "from": "2026-11-24 00:00", "to": to, "reason": "Sửa nguồn" }).to_string();
        town.api(json_post("/api/v1/screens/S1/reopening"), &body).await
    };
    assert_eq!(reopen("2026-11-26 24:00").await.0, 409, "not as it was seen");
    assert_eq!(reopen("2026-11-25 24:00").await.1["items"], json!([]));
    assert_eq!(reopen("2026-11-25 24:00").await.0, 409, "once");
    let history = town.get_api("/api/v1/screens/S1/history").await;
    let acts: Vec<_> = history["items"].as_array().unwrap().iter().map(|d| d["act"].as_str().unwrap()).collect();
    assert_eq!(&acts[..2], ["reopen", "close"], "{history}");
    let before = format!("/api/v1/screens/S1/history?before={}", history["items"][0]["entry"]);
    assert_eq!(town.get_api(&before).await["items"][0], history["items"][1]);
    assert_eq!(town.api(Request::get("/api/v1/screens/S9/history"), "").await.0, 404);
}

#[tokio::test]
async fn documents_come_in_as_they_do_on_the_shell_and_name_no_file_of_the_servers() {
    let (town, _) = town_with_a_day().await;
    let units = "code,name,kind,parent\nW4,Phường Mới,ward,HN\nW2,Phường Ba Đình,ward,HN\n";
    let looks = Request::post("/api/v1/imports/units?dry_run=true").header(header::CONTENT_TYPE, "text/csv");
    let (status, looked, _) = town.api(town.signed(looks).await, units).await;
    assert_eq!((status, &looked), (200, &json!({ "added": 1, "changed": 0, "unchanged": 1, "dry_run": true })));
    assert_eq!(town.api(Request::get("/api/v1/units/W4"), "").await.0, 404, "nothing was kept");
    assert_eq!(town.import_api("units", "text/csv; charset=utf-8", units).await.1["added"], 1);
    assert_eq!(town.get_api("/api/v1/units/W4").await["name"], "Phường Mới");
    assert_eq!(town.import_api("units", "text/csv", units).await.1["unchanged"], 2, "twice is once");

    let (status, problem) =
        town.import_api("screens", "text/csv", "code,name,venue_type,kind,owner\nX,Y,office,managed,Q9\n").await;
    assert_eq!((status, &problem["type"]), (422, &"bad-document".into()));
    assert!(problem["detail"].as_str().unwrap().contains("screens:2:5: owner = \"Q9\""), "{problem}");
    let order = ORDER.replace("\"ihanoi\"", "\"other\"");
    let media = "media = \"0000000000000000000000000000000000000000000000000000000000000001\"";
    for file in ["/etc/passwd", "../keys/plan.key", "clip.mp4"] {
        let (status, problem) =
            town.import_api("directives", "application/toml", &order.replace(media, &format!("file = {file:?}"))).await;
        assert_eq!((status, &problem["type"]), (422, &"bad-document".into()));
        assert!(problem["detail"].as_str().unwrap().contains(file), "{problem}");
    }
    let (_, _, seen) = town.api(Request::get("/api/v1/units/W4"), "").await;
    let rename = async |tag: &http::HeaderValue, name: &str| {
        let request = Request::post("/api/v1/imports/units").header(header::CONTENT_TYPE, "text/csv");
        let document = format!("code,name,kind,parent\nW4,{name},ward,HN\n");
        town.api(town.signed(request.header(header::IF_MATCH, tag)).await, &document).await
    };
    let (status, _, renamed) = rename(&seen[header::ETAG], "Phường Một").await;
    assert_eq!(status, 200);
    assert_eq!(rename(&seen[header::ETAG], "Phường Hai").await.0, 412, "somebody was faster");
    assert_eq!(rename(&renamed[header::ETAG], "Phường Hai").await.0, 200);

    let (_, problem, _) = town.api(Request::post("/api/v1/imports/units"), units).await;
    assert_eq!(problem["type"], "forbidden", "a token does not make the city");
    assert_eq!(town.import_api("nothing", "text/csv", "").await.0, 404);
    assert_eq!(town.import_api("units", "text/html", units).await.0, 415);
    assert_eq!(town.import_api("units", "text/csv", &"x".repeat(9 << 20)).await.0, 413);
}

#[tokio::test]
async fn a_program_asks_of_a_player_what_a_button_asks() {
    let (town, _) = town_with_a_day().await;
    let ask = async |screen: &str, body: Value| {
        let path = format!("/api/v1/screens/{screen}/commands");
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        town.api(request, &body.to_string()).await
    };
    let (status, asked, _) = ask("S1", json!({ "ask": "volume", "percent": 40 })).await;
    assert_eq!((status, &asked["ask"], &asked["outcome"]), (202, &"volume".into(), &"waiting".into()));
    let listed = town.get_api("/api/v1/screens/S1/commands").await;
    assert_eq!(listed["items"][0], asked);
    for (screen, body, refused) in [
        ("S1", json!({ "ask": "volume" }), (422, "bad-command")),
        ("S1", json!({ "ask": "volume", "percent": 101 }), (422, "bad-command")),
        ("S1", json!({ "ask": "log", "lines": 0 }), (422, "bad-command")),
        ("S1", json!({ "ask": "format-disk" }), (422, "bad-body")),
        ("S1", json!({ "ask": "restart", "by": "somebody else" }), (422, "bad-body")),
        ("S3", json!({ "ask": "restart" }), (409, "no-device")),
        ("S9", json!({ "ask": "restart" }), (404, "unknown-screen")),
    ] {
        let (status, problem, _) = ask(screen, body.clone()).await;
        assert_eq!((status, problem["type"].as_str().unwrap()), refused, "{screen} {body}: {problem}");
    }
    let picture = format!("/api/v1/screens/S1/commands/{}/picture", asked["id"]);
    assert_eq!(town.api(Request::get(&picture), "").await.0, 404, "there is none yet");
    assert_eq!(town.get_api("/api/v1/screens/S1/device").await["simulated"], true);
    assert_eq!(town.get_api("/api/v1/devices?troubled=true").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_sent_again_under_its_key_is_carried_out_once() {
    let (town, _) = town_with_a_day().await;
    let ask = async |key: &str, body: Value| {
        let request = Request::post("/api/v1/screens/S1/commands").header(header::CONTENT_TYPE, "application/json");
        town.api(request.header("idempotency-key", key), &body.to_string()).await
    };
    let (status, first, _) = ask("k-1", json!({ "ask": "restart" })).await;
    assert_eq!(status, 202);
    let (status, again, headers) = ask("k-1", json!({ "ask": "restart" })).await;
    assert_eq!((status, &again, &headers["idempotency-replayed"]), (202, &first, &"true".parse().unwrap()));
    let listed = async || town.get_api("/api/v1/screens/S1/commands").await["items"].as_array().unwrap().len();
    assert_eq!(listed().await, 1, "it was asked once");
    let (status, problem, _) = ask("k-1", json!({ "ask": "identify" })).await;
    assert_eq!((status, &problem["type"]), (422, &"key-used".into()));
    assert_eq!(ask("two words", json!({ "ask": "restart" })).await.0, 400);

    // what was refused changed nothing and may be mended under the same key
    assert_eq!(ask("k-2", json!({ "ask": "volume", "percent": 101 })).await.0, 422);
    assert_eq!(ask("k-2", json!({ "ask": "volume", "percent": 10 })).await.0, 202);
    town.clock.advance_ms(25 * 3_600_000);
    assert_eq!(ask("k-1", json!({ "ask": "restart" })).await.0, 202, "a day later the key is new");
    assert_eq!(listed().await, 3);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let (town, _) = town_with_a_day().await;
    let mut answers = Vec::new();
    for _ in 0..201 {
        let (status, _, headers) = town.api(Request::get("/api/v1/units/W1"), "").await;
        answers.push((status, headers));
    }
    let (status, headers) = answers.pop().unwrap();
    assert_eq!((status, headers[header::RETRY_AFTER].to_str().unwrap()), (429, "1"));
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(answers[199].1["ratelimit"], "\"account\";r=0");
    town.clock.advance_ms(1_000);
    assert_eq!(town.api(Request::get("/api/v1/units/W1"), "").await.0, 200);
}

#[tokio::test]
async fn who_looks_after_one_ward_finds_nothing_of_another_in_any_list() {
    let (town, _) = town_with_a_day().await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let roles = [(lichphat::people::Role::Viewer, Some("W2"))];
    let pass = common::people::account(&town.rooms.store, "of-w2", &roles, town.clock.now()).await;
    let list = async |path: &str| -> Value {
        let request = Request::get(path).header(header::COOKIE, &pass.cookie);
        let (status, value, _) = town.api(request, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    };
    let named = |page: &Value, key: &str| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named(&list("/api/v1/screens").await, "code"), ["S3"]);
    assert_eq!(named(&list("/api/v1/screens?unit=W1").await, "code"), [""; 0]);
    assert_eq!(named(&list("/api/v1/units").await, "code"), ["W2"]);
    assert_eq!(named(&list("/api/v1/devices").await, "screen"), [""; 0], "the player stands at S1");
    let period = "from=2026-11-20&to=2026-11-20";
    assert_eq!(named(&list(&format!("/api/v1/reports/ihanoi/screens?{period}")).await, "screen"), ["S3"]);
    let sums = list(&format!("/api/v1/reports/ihanoi?{period}")).await;
    let units: Vec<&str> = sums["units"].as_array().unwrap().iter().map(|u| u["unit"].as_str().unwrap()).collect();
    assert!(sums["totals"].is_null() && units == ["W2", "W2"], "{sums}");
    let csv = list(&format!("/api/v1/reports/ihanoi/screens.csv?{period}")).await;
    assert!(csv.as_str().unwrap().contains("S3,") && !csv.as_str().unwrap().contains("S1,"), "{csv}");
    // what one may see is kept apart from what another may
    let (_, _, all) = town.api(Request::get("/api/v1/units"), "").await;
    let request = Request::get("/api/v1/units").header(header::COOKIE, &pass.cookie);
    let (status, _, his) = town.api(request.header(header::IF_NONE_MATCH, &all[header::ETAG]), "").await;
    assert_eq!(status, 200);
    // nor does he go on with what he saw before a role was given him
    let again = || {
        let request = Request::get("/api/v1/units").header(header::COOKIE, &pass.cookie);
        request.header(header::IF_NONE_MATCH, &his[header::ETAG])
    };
    assert_eq!(town.api(again(), "").await.0, 304);
    let give = |tx: &rusqlite::Connection| {
        let sql = "INSERT INTO account_grant (account, role, unit, decision, given_by, given_ms) VALUES ('of-w2', 'viewer', 'W1', '', 'shell', 0)";
        Ok(tx.execute(sql, []).map(drop)?)
    };
    town.rooms.store.write(give).await.unwrap();
    let (status, units, _) = town.api(again(), "").await;
    assert_eq!((status, named(&units, "code")), (200, vec!["W1".to_owned(), "W2".to_owned()]));
}
