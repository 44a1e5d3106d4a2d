//! From a day's problem to the second at which each item starts.
//!
//! [`plan`] is a pure function: the same [`Problem`], [`Past`] and [`Effort`] give the same plan, byte
//! for byte, on every machine (integer decisions, an own seeded generator, a fixed amount of work
//! instead of a time limit). The order of aims is that of `tests/dayplan/README.md`: as little missing as
//! possible by weight, then people in front of the screen, then even spacing, then a full screen with
//! the local loop in its shares.
//!
//! [`check()`] is a second opinion that shares no code with the planner; it runs in every planner test and
//! before every publication. [`why()`] answers "why this and not that" for any second.

mod bits;
mod board;
mod bound;
pub mod check;
mod even;
mod fill;
mod level;
mod metrics;
mod moves;
mod planner;
mod problem;
mod proof;
mod proof_check;
mod repair;
mod report;
mod rng;
mod row;
mod search;
mod sentence;
mod shove;
mod snap;
mod spaced;
mod start;
mod unions;
mod way;
mod why;

pub use check::{Metrics, Verdict, check, check_with_past};
pub use planner::{Effort, Options, Plan, PlanError, plan, plan_with};
pub use problem::{
    Campaign, Filler, Fixed, Footfall, INSTANCE_SCHEMA, Past, PastPlay, Play, PlayKind, Problem, ProblemError,
    SOLUTION_SCHEMA, Solution,
};
pub use proof::{Certificate, certificates, rest_of_day};
pub use report::{CampaignReport, Cause, Lang, PlanReport};
pub use sentence::Fewer;
pub use why::{Why, why};
