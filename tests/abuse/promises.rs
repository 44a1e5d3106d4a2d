//! The API keeps its word: schemathesis reads the description and asks whatever it can think of; nothing may fail, and nothing may be
//! answered with a status, a type or a form that is not described.
//!
//! `make test` installs it below `target/`, by `tests/abuse/schemathesis.txt`, and says where in `SCHEMATHESIS`; without it this test
//! says so and is left out. `EXAMPLES` makes a long run of it (`make soak`).

use crate::{House, answered, ask, head_of, line_to, today};
use std::io::Write as _;
use std::process::Command;

/// Questions for each operation, when nobody says how many.
const EXAMPLES: &str = "5";
/// The same questions on every machine.
const SEED: &str = "20240707";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_nothing_that_is_not_described() {
    let Some(program) = std::env::var_os("SCHEMATHESIS").filter(|path| !path.is_empty()) else {
        eprintln!("left out: SCHEMATHESIS names no schemathesis (make test installs one)");
        return;
    };
    let house = House::new().await;
    let authority = house.data.path().join("tls/authority.pem");
    let examples = std::env::var("EXAMPLES").unwrap_or_else(|_| EXAMPLES.to_owned());
    let work = tempfile::tempdir().unwrap();
    // as a person, because half of it no token may; and else nearly every question would be about a screen that there is not
    let today = today();
    let media = house.api("GET", "/api/v1/media", "", b"").body.split("\"hash\":\"").nth(1).unwrap()[..64].to_owned();
    let known = format!(
        "headers = {{ Cookie = \"{}\", X-Form-Token = \"{}\" }}\n[parameters]\n\"path.screen\" = \"C-01\"\n\"path.unit\" = \"P1\"\n\"path.campaign\" = \"clean-street\"\n\
         \"path.day\" = \"{today}\"\n\"path.media\" = \"{media}\"\n[phases.coverage]\nunexpected-methods = [\"PATCH\"]\n",
        house.pass.cookie, house.pass.form_token
    );
    std::fs::write(work.path().join("schemathesis.toml"), known).unwrap();
    let run = Command::new(program)
        .current_dir(work.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["--no-color", "run", &format!("{}/api/openapi.json", house.server.url)])
        .args(["--exclude-operation-id", "signOut"]) // nobody is there any more after that, by whatever phase
        .args(["--seed", SEED, "--max-examples", &examples, "--phases", "examples,coverage,fuzzing"])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .args(["--generation-database", "none", "--continue-on-failure", "--suppress-health-check", "all"])
        .arg("--tls-verify")
        .arg(authority)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("passed"), "{said}");
    house.data.ok(&["check"]);
}

/// Words of a line as a shell splits them, variables filled in.
fn words(line: &str, values: &[(&str, &str)]) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    let filled =
        |word: String| values.iter().fold(word, |word, (name, value)| word.replace(&format!("${name}"), value));
    words.into_iter().filter(|word| !word.is_empty()).map(filled).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_documentation_does_what_it_says() {
    let house = House::new().await;
    let day = today().to_string();
    let values = [("SERVER", house.server.url.as_str()), ("CA", "authority.pem"), ("DAY", &day)];
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ curl ")).collect();
    assert!(lines.len() >= 8, "{lines:?}");
    for line in lines {
        let (mut headers, mut body, mut url) = (String::new(), Vec::new(), String::new());
        let mut words = words(line, &values).into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--cacert" => assert_eq!(words.next().as_deref(), Some("authority.pem"), "{line}"),
                "-H" => match words.next().unwrap().as_str() {
                    // a token in a file stands in no list of processes
                    "@token" => headers += &format!("authorization: {}\r\n", house.pass.bearer),
                    header => headers += &format!("{header}\r\n"),
                },
                "--data" => body = words.next().unwrap().into_bytes(),
                "--data-binary" => {
                    let file = words.next().unwrap();
                    body = std::fs::read(crate::fixture(file.strip_prefix('@').unwrap())).unwrap();
                }
                word => url = word.to_owned(),
            }
        }
        let path = url.strip_prefix(&house.server.url).unwrap_or_else(|| panic!("{line}: {url}"));
        let method = if body.is_empty() { "GET" } else { "POST" };
        let answer = ask(&house.server.url, &house.server.authority, &format!("{method} {path}"), &headers, &body);
        assert!([200, 202].contains(&answer.status), "{line}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_is_taken_back_by_a_person_and_by_no_token() {
    let house = House::new().await;
    let listed = || -> serde_json::Value {
        serde_json::from_str(&house.api("GET", "/api/v1/approvals?state=approved&limit=1000", "", b"").body).unwrap()
    };
    let approved = listed()["items"].as_array().unwrap().clone();
    let one = approved.first().expect("the town's order was approved by its people");
    let path = format!("POST /api/v1/approvals/{}", one["number"]);
    let word = br#"{"say":"withdraw","words":"made up for the test"}"#;
    let json = "content-type: application/json\r\nsec-fetch-site: same-origin\r\n";
    let send = |headers: String| ask(&house.server.url, &house.server.authority, &path, &(headers + json), word);
    let refused = send(format!("authorization: {}\r\n", house.pass.bearer));
    assert!(refused.status == 409 && refused.body.contains("not-taken"), "{}", refused.body);
    assert_eq!(listed()["items"].as_array().unwrap().len(), approved.len());
    let pass = &house.pass;
    let answer = send(format!("cookie: {}\r\nx-form-token: {}\r\n", pass.cookie, pass.form_token));
    assert!(answer.status == 200 && answer.body.contains("\"state\":\"withdrawn\""), "{}", answer.body);
    assert_eq!(listed()["items"].as_array().unwrap().len(), approved.len() - 1);
}

/// Whoever holds a session keeps a request open, and sends its last byte when the session is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_late_finds_the_account_as_it_is_by_then() {
    let house = House::new().await;
    let (door, authority, pass) = (&house.server.url, &house.server.authority, &house.pass);
    let what = "POST /api/v1/account/tokens";
    let headers =
        format!("cookie: {}\r\nx-form-token: {}\r\ncontent-type: application/json\r\n", pass.cookie, pass.form_token);
    let body = br#"{"label":"tail","acts":["view"],"days":1}"#;
    let ask_slowly = |meanwhile: &dyn Fn()| {
        let mut line = line_to(door, authority, None);
        line.write_all(&[&head_of(door, what, &headers, body.len()), &body[..5]].concat()).unwrap();
        line.flush().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300)); // its head is looked at
        meanwhile();
        line.write_all(&body[5..]).unwrap();
        answered(line, what).unwrap()
    };
    let made = ask_slowly(&|| ());
    assert_eq!(made.status, 200, "{}", made.body);
    let late = ask_slowly(&|| drop(house.data.ok(&["people", "deactivate", "everything"])));
    assert_eq!(late.status, 401, "{}", late.body);
}
