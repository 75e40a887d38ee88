//! Balance: centre of mass, extrapolated centre of mass and margin of stability.

mod centre_of_mass;
mod margin;
mod pendulum;

pub use centre_of_mass::{CentreOfMass, CentreOfMassMethod, centre_of_mass};
pub(crate) use margin::Balance;
pub use margin::{BalanceMethod, EdgeRule, balance_method};
pub use pendulum::{Pendulum, PendulumRule, pendulum};
