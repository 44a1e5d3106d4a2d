//! More day plans as files, for `checker.py` and for other planners:
//! `cargo run -p lichphat-playlists --example instances -- DIR [SEEDS [LOADS…]]` writes SEEDS days (10) of every family at
//! each load in thousandths (200 600 850 950 1020).
#![allow(clippy::disallowed_methods, reason = "an example for developers writes files")]
#![allow(clippy::unwrap_used, reason = "it may die with the system's words")]

mod families;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let dir = std::path::Path::new(words.first().map_or("instances", String::as_str));
    let numbers: Vec<u32> = words.iter().skip(1).map(|w| w.parse().unwrap()).collect();
    let loads = if numbers.len() > 1 { &numbers[1..] } else { &[200, 600, 850, 950, 1020] };
    std::fs::create_dir_all(dir).unwrap();
    for family in families::Family::ALL {
        for seed in 0..u64::from(*numbers.first().unwrap_or(&10)) {
            for &load in loads {
                let day = families::instance(family, seed, load);
                std::fs::write(dir.join(format!("{}.json", day.id)), serde_json::to_vec_pretty(&day).unwrap()).unwrap();
            }
        }
    }
}
