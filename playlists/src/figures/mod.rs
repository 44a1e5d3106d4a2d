//! The figures of a compliance report: quota + plan + counted plays, per screen, unit and whole.
//!
//! Scheduler and verifier call the same functions: what a report says can be worked out again from its [`Basis`] and the
//! evidence, figure by figure.

mod report;
mod screen;
mod sums;
mod unit;

pub use report::{Basis, LinkBasis, Report, UnitBasis, UnitLine};
pub use screen::{
    DayFacts, NO_VARIANT, PENDING_DAYS, Period, SUSPENDED, ScreenFacts, ScreenLine, Standing, Totals, screen_line,
    totals,
};
pub use sums::Sums;
pub use unit::QuotaUnit;
