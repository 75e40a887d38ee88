//! Values of healthy walkers, each with its source.
