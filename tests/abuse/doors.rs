//! Paths that lead elsewhere and words that want to be SQL, at every door and in every place that takes one.

use crate::{House, private_keys};
use rusqlite::Connection;

/// Ways out of a directory, as they were used.
const WAYS: [&str; 12] = [
    "../keys/plan.key",
    "../../../../../../etc/passwd",
    "..%2fkeys%2fplan.key",
    "%2e%2e%2f%2e%2e%2fkeys%2fplan.key",
    "..%252f..%252fkeys%252fplan.key",
    "..\\..\\keys\\plan.key",
    "....//....//keys/plan.key",
    "%c0%ae%c0%ae/keys/plan.key",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "keys/plan.key%00.jpg",
    "x/../../keys/plan.key",
];

/// What ends a string, a statement or a query, and what sorts by what is nobody's business.
const SQL: [&str; 10] = [
    "'",
    "\"",
    "' OR '1'='1",
    "'; DROP TABLE screen; --",
    "1; DELETE FROM device",
    "x' UNION SELECT secret_hash FROM device --",
    "(CASE WHEN (SELECT 1) THEN name ELSE code END)",
    "name DESC, (SELECT group_concat(sql) FROM sqlite_schema)",
    "1/0",
    "\0",
];

/// Every place of the console that looks at a query, and the keys it knows.
const PAGES: [(&str, &[&str]); 12] = [
    ("/", &["day", "campaign", "link", "page", "lang"]),
    ("/units/P1", &["show", "page", "sort", "lang"]),
    ("/screens/C-01", &["day", "hour", "plays", "paired", "lang"]),
    ("/screens/C-01/why", &["day", "at", "campaign", "lang"]),
    ("/preflight/clean-street", &["show", "page", "lang"]),
    ("/orders", &["page", "lang"]),
    ("/orders/clean-street", &["lang"]),
    ("/screens", &["q", "unit", "link", "venue", "kind", "state", "order", "sort", "page", "lang"]),
    ("/many/list.csv", &["q", "unit", "state", "order"]),
    ("/search", &["q", "lang"]),
    ("/peaks", &["page", "lang"]),
    ("/approvals", &["page", "lang"]),
];

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}

/// What every table holds, but what time alone changes.
fn tables(house: &House) -> Vec<(String, i64)> {
    let db = Connection::open(house.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let names: Vec<String> =
        db.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |name: &String| db.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |r| r.get(0)).unwrap();
    let steady = names
        .iter()
        .filter(|name| !["entry", "checkpoint", "plan", "session"].iter().any(|moves| name.contains(moves)));
    steady.map(|name| (name.clone(), count(name))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_7399_and_2025_4632_and_2019_20354_traversal_on_upload_and_log_download() {
    let house = House::new().await;
    let (keys, before) = (private_keys(house.data.path()), house.files());
    assert!(keys.len() >= 4, "the test knows what it looks for: {}", keys.len());
    for way in WAYS {
        let asked = [
            ("/log/", false),
            ("/log/tile/", false),
            ("/log/tile/0/", false),
            ("/log/tile/entries/", false),
            ("/static/", false),
            ("/screens/", false),
            ("/screens/C-01/asked/", false),
            ("/units/", false),
            ("/preflight/", false),
            ("/", false),
            ("/api/v1/media/", false),
            ("/api/v1/draws/", false),
            ("/api/v1/screens/C-01/commands/", false),
            ("/device/v1/media/", true),
            ("/device/v1/plans/", true),
            ("/device/v1/assets/", true),
        ];
        for (place, player) in asked {
            let path = format!("{place}{way}");
            let answer = if player { house.as_player("GET", &path, b"") } else { house.page(&path) };
            assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
            let lost = keys.iter().find(|key| answer.body.contains(key.as_str()));
            assert!(lost.is_none() && !answer.body.contains("root:"), "{path} gives away what is not its own");
        }
        for place in ["segments", "answers", "proofs", "heartbeat", "media", "upload"] {
            let answer = house.as_player("POST", &format!("/device/v1/{place}/{way}"), b"<% evil %>");
            assert!((400..500).contains(&answer.status), "{place}/{way}: {}", answer.status);
        }
    }
    assert_eq!(house.files(), before, "an upload became a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_41802_sql_injection_in_filters_and_sort() {
    let house = House::new().await;
    let before = tables(&house);
    assert!(before.iter().any(|(_, rows)| *rows > 0));
    for (page, keys) in PAGES {
        let plain = house.page(page);
        assert_eq!(plain.status, 200, "{page}");
        for key in keys {
            for word in SQL {
                let path = format!("{page}?{key}={}", encoded(word));
                let answer = house.page(&path);
                assert!([200, 400, 404].contains(&answer.status), "{path}: {}", answer.status);
                let tells = ["syntax error", "no such column", "no such table", "the store failed"];
                assert!(
                    !tells.iter().any(|word| answer.body.contains(word)),
                    "{path} tells of the store: {}",
                    answer.body
                );
            }
        }
    }
    // every key of every list, as the description has them
    let described: serde_json::Value =
        serde_json::from_str(&house.api("GET", "/api/openapi.json", "", b"").body).unwrap();
    let mut tried = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path = path.replace("{screen}", "C-01").replace("{unit}", "P1").replace("{campaign}", "clean-street");
        let keys = methods["get"]["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        for key in keys.iter().filter(|key| key["in"] == "query").map(|key| key["name"].as_str().unwrap()) {
            for word in SQL {
                let answer = house.page(&format!("{path}?{key}={}", encoded(word)));
                assert!([200, 400, 404].contains(&answer.status), "{path}?{key}={word}: {}", answer.status);
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
    for word in SQL {
        for place in ["/units/", "/screens/", "/preflight/"] {
            let path = format!("{place}{}", encoded(word));
            assert_eq!(house.page(&path).status, 404, "{path}");
        }
        for place in ["plans", "assets", "media"] {
            let path = format!("/device/v1/{place}/{}", encoded(word));
            assert_eq!(house.as_player("GET", &path, b"").status, 404, "{path}");
        }
    }
    assert_eq!(tables(&house), before, "a word became a statement");
    house.data.ok(&["check"]);
}
