//! Days on which there is room, but only when others make it: what has a place gets it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use lichphat_playlists::plan::{Campaign, Effort, Options, Past, Problem, check, plan_with};
use lichphat_playlists::time::IntervalSet;

const NINE: u32 = 9 * 3_600;

fn campaign(id: &str, dur: u32, target: u32, windows: (u32, u32), gap: u32, priority: u8) -> Campaign {
    Campaign {
        id: id.into(),
        dur,
        target,
        windows: IntervalSet::one(windows.0, windows.1),
        min_gap_s: gap,
        priority,
        shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
        category: None,
    }
}

fn day(campaigns: Vec<Campaign>) -> Problem {
    let mut p = Problem::new("room", IntervalSet::one(8 * 3_600, 12 * 3_600), vec![10; 96]);
    p.campaigns = campaigns;
    p
}

/// Plays placed, campaign by campaign.
fn placed(problem: &Problem, effort: Effort) -> Vec<u32> {
    let (plan, report) = plan_with(problem, &Past::none(), &Options { effort, ..Options::default() }).unwrap();
    assert_eq!(check(problem, &plan.solution(&report)).errors, Vec::<String>::new());
    report.campaigns.iter().map(|c| c.placed).collect()
}

/// The gap leaves the order less than a minute of choice, and the contract wants every hole of its own.
#[test]
fn an_order_that_fits_by_itself_fits_beside_a_contract() {
    let window = (NINE, NINE + 1_800);
    for effort in [Effort::Quick, Effort::Normal] {
        for (dur, target, gap) in [(15, 60, 15), (15, 25, 60), (30, 60, 30), (30, 25, 60), (60, 25, 60), (60, 10, 120)]
        {
            let order = campaign("order", 20, 8, window, 246, 1);
            let problem = day(vec![order, campaign("contract", dur, target, window, gap, 3)]);
            assert_eq!(placed(&problem, effort)[0], 8, "{effort:?}, {target} x {dur} s, {gap} s apart");
        }
    }
}

/// 440 plays spread evenly over two hours leave a second or two between them, and 40 whole places when they close up.
#[test]
fn many_plays_close_up_for_a_few() {
    let window = (NINE, NINE + 7_200);
    for effort in [Effort::Quick, Effort::Normal] {
        let with = |many: u8, gap: u32| {
            let many = campaign("many", 15, 440, window, 15, many);
            placed(&day(vec![many, campaign("few", 15, 50, window, gap, 3)]), effort)
        };
        assert_eq!(with(2, 15), [440, 40], "{effort:?}");
        assert_eq!(with(2, 60), [440, 40], "{effort:?}");
        assert_eq!(with(3, 15).iter().sum::<u32>(), 480, "{effort:?}");
    }
    // a second is lost at each of the many but where one of the few stands between: 428 x 16 + 11 x 30 + 15 = 7193
    let (many, few) = (campaign("many", 15, 440, window, 16, 2), campaign("few", 15, 50, window, 60, 3));
    assert_eq!(placed(&day(vec![many, few]), Effort::Normal), [440, 11]);
}
