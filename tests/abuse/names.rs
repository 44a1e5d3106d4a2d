//! Names that want to be programs: whatever people and players may name, on every page that there is, as a browser would read it.

use crate::common::town::{import, provision, town};
use crate::{Answer, as_player, ask, pass_of, player, today};
use std::collections::{BTreeSet, VecDeque};

/// What a browser might run, and what a template might reckon.
const HOSTILE: &str = "<script src=//x>alert(1)</script><img src=x onerror=alert(1)>'\\\"><svg onload=alert(1)>\
                       {{75083*82217}}{% include '/etc/passwd' %}${75083*82217}#{75083*82217}<%= 75083*82217 %>{ NUMBER(6173099011) }javascript:alert(1)";

/// Elements that pages of the console are made of; anything else came in with a name.
const ELEMENTS: &str = " a abbr bdi body button caption code col colgroup datalist dd details div dl dt em fieldset figcaption figure footer form \
                        h1 h2 h3 h4 head header hr html i img input kbd label legend li link main meta meter nav ol optgroup option \
                        p pre progress rect samp script section select small span strong summary svg table tbody td textarea tfoot th \
                        thead time title tr ul b br path circle line polyline text g output ";

/// Every tag of a page with its attributes, as HTML's tokenizer reads them (no element here holds raw text but `script` and `title`).
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let Some(first) = rest.chars().next() else { break };
        if !first.is_ascii_alphabetic() {
            continue; // an end tag, a comment, a doctype, or no tag at all
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
            let key = rest[..end].to_ascii_lowercase();
            rest = rest[end..].trim_start();
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix('=') {
                rest = after.trim_start();
                let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c));
                let body = if quote.is_some() { &rest[1..] } else { rest };
                let end = match quote {
                    Some(quote) => body.find(quote),
                    None => body.find(|c: char| c.is_whitespace() || c == '>'),
                };
                let end = end.unwrap_or(body.len());
                value = body[..end].to_owned();
                rest = &body[(end + usize::from(quote.is_some())).min(body.len())..];
            }
            attributes.push((key, value));
        }
        tags.push((name, attributes));
    }
    tags
}

/// Nothing on the page runs, loads or leads elsewhere than the server's own files say.
fn harmless(path: &str, answer: &Answer) -> BTreeSet<String> {
    let head = answer.head.to_ascii_lowercase();
    // a file that is taken home: no browser reads it as a page
    let taken_home = head.contains("content-disposition: attachment");
    assert!(
        (taken_home || head.contains("content-security-policy: default-src 'none';")) && head.contains("nosniff"),
        "{path}: {head}"
    );
    assert!(!answer.body.contains("root:x:"), "{path}: a template read a file");
    let mut links = BTreeSet::new();
    if taken_home {
        return links;
    }
    for (name, attributes) in tags(&answer.body) {
        assert!(ELEMENTS.contains(&format!(" {name} ")), "{path}: <{name}> came in with a name");
        for (key, value) in attributes {
            assert!(!key.starts_with("on") && key != "style" && key != "srcdoc", "{path}: <{name} {key}={value}>");
            let leads = ["href", "src", "action", "formaction", "data", "poster"].contains(&key.as_str());
            let ours = (value.starts_with('/') && !value.starts_with("//")) || value.starts_with(['#', '?']);
            assert!(!leads || ours, "{path}: <{name} {key}={value}>");
            assert!(name != "script" || key != "src" || value.starts_with("/static/"), "{path}: {value}");
            if key == "href" && value.starts_with('/') {
                let value = value.replace("&amp;", "&").replace("&#38;", "&");
                links.insert(value.split('#').next().unwrap().to_owned());
            }
        }
    }
    links
}

/// A town in which everything that has a name has a hostile one.
fn hostile_town() -> crate::TestData {
    let data = town();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let name = cell(HOSTILE);
    import(&data, "units", "u.csv", &format!("code,name,kind,parent\nP1,{name},ward,HN\nP2,{name} 2,ward,HN\n"));
    let head = "code,name,address,venue_type,kind,width,height,output,owner,territory\n";
    let rows = [("C-01", "P1"), ("C-02", "P1"), ("C-03", "P2")]
        .map(|(code, unit)| format!("{code},{name},{name},corner,managed,1920,1080,video,{unit},{unit}\n"));
    import(&data, "screens", "s.csv", &(head.to_owned() + &rows.concat()));
    let text = toml::Value::String(HOSTILE.to_owned()).to_string();
    let today = today();
    let order = std::fs::read_to_string(crate::fixture("order.toml")).unwrap();
    let order = order.replace("from = 2024-09-20", &format!("from = {today}"));
    let order = order.replace("to = 2024-09-22", &format!("to = {}", today.plus(20)));
    let order = order.replace("'Đường phố sạch'", &text).replace("\"Đường phố sạch\"", &text);
    let order = order.replace("\"Clean streets\"", &text).replace("\"made up for the stories\"", &text);
    import(&data, "directives", "o.toml", &order);
    let programme = std::fs::read_to_string(crate::fixture("loop.toml")).unwrap();
    let programme = programme.replace("\"Thông báo\"", &text).replace("\"Màn hình chờ\"", &text);
    for clip in ["notice.png", "safe.png", "safe.opus"] {
        std::fs::copy(crate::fixture(clip), data.path().join(clip)).unwrap();
    }
    import(&data, "campaigns", "loop.toml", &programme);
    let clip = data.path().join("<img src=x onerror=alert(1)>{{75083*82217}}.png");
    std::fs::write(&clip, "other bytes").unwrap();
    data.ok(&["media", "add", clip.to_str().unwrap(), "--kind", "still", "--duration-s", "10"]);
    data.ok(&["plan", "run"]);
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2017_17737_xss_and_cve_2025_62369_template_injection_in_any_name() {
    let data = hostile_town();
    let server = data.serve();
    // a player may say what it likes of itself
    let (_, file) = provision(&data, "C-01", &server.doors[0]);
    let player = player(&server, &file).await;
    let beat = serde_json::json!({
        "at_ms": 1, "boot": 1, "run": HOSTILE, "last_seq": 0, "acked_seq": 0, "head": null, "release": null, "media_missing": 3,
        "faults": [HOSTILE, "{{75083*82217}}"],
        "health": {
            "temperature_mc": 1, "disk": null, "memory": null, "player_memory_bytes": null, "uptime_s": 1, "running_s": 1,
            "data_used_bytes": null, "log": null, "unproven_s": null,
            "clock": { "state": "synced", "error_ms": 1, "offset_ms": 1 },
            "display": { "level": "D1", "connector": HOSTILE, "panel": HOSTILE },
            "versions": { "software": HOSTILE, "framework": HOSTILE, "kernel": HOSTILE }
        }
    });
    let answer = as_player(&server, &player, "POST /device/v1/heartbeat", beat.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let by = &HOSTILE[..180]; // as long as the log holds
    data.ok(&["device", "command", "--screen", "C-01", "--by", by, "--wait-s", "0", "identify"]);

    let cookie = format!("cookie: {}\r\n", pass_of(&data).await.cookie);
    let page = |path: &str| ask(&server.url, &server.authority, &format!("GET {path}"), &cookie, b"");
    let (mut seen, mut next) = (BTreeSet::new(), VecDeque::from(["/".to_owned()]));
    let odd = "%3Cscript%3Ealert(1)%3C/script%3E%27%22%7B%7B75083*82217%7D%7D";
    for path in
        ["/screens/", "/units/", "/preflight/", "/screens/C-01?day=", "/screens/C-01/why?at=", "/?campaign=", "/?link="]
    {
        next.push_back(format!("{path}{odd}"));
    }
    next.push_back(format!("/screens/C-01/why?at=09:00&campaign={odd}"));
    let mut shown = 0;
    while let Some(path) = next.pop_front() {
        if path.starts_with("/static/") || !seen.insert(path.clone()) || seen.len() > 150 {
            continue;
        }
        let answer = page(&path);
        assert!([200, 400, 404].contains(&answer.status), "{path}: {}", answer.status);
        shown += answer.body.matches("{{75083*82217}}").count();
        assert!(
            !answer.body.contains("6173099011}}") && !answer.body.replace("6173099011) }", "").contains("6173099011"),
            "{path} reckons"
        );
        let head = answer.head.to_ascii_lowercase();
        if head.contains("content-disposition: attachment;") {
            // a file to be kept: no browser shows or runs it
            assert!(head.contains("nosniff") && head.contains("default-src 'none'; sandbox"), "{path}: {head}");
            continue;
        }
        next.extend(harmless(&path, &answer));
    }
    assert!(seen.len() > 30 && shown > 20, "the names were there to be read: {} pages, {shown} times", seen.len());
    for needed in ["/screens/C-01", "/screens/C-02", "/units/P1", "/units/P2"] {
        assert!(seen.iter().any(|path| path.starts_with(needed)), "{needed}: {seen:?}");
    }
}

#[test]
fn what_reads_the_pages_sees_what_a_browser_would_run() {
    let head = "content-security-policy: default-src 'none'; nosniff".to_owned();
    let page = |body: &str| Answer { status: 200, head: head.clone(), body: body.to_owned() };
    assert_eq!(
        harmless("good", &page("<p title=\"a>b\">&lt;script&gt;<a href=/x#y>")),
        BTreeSet::from(["/x".to_owned()])
    );
    for bad in [
        "<script src=//x>",
        "<script src='https://x'>",
        "<p\nonclick = 'x'>",
        "<p/onclick=x>",
        "<a href=javascript:alert(1)>",
        "<a title='x'href=//x>",
        "<svg><animate>",
        "<IFRAME>",
        "<form action=https://x>",
        "<p style=x>",
    ] {
        assert!(std::panic::catch_unwind(|| harmless("bad", &page(bad))).is_err(), "{bad}");
    }
}
