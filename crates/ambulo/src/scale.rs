//! Scale: from pixels to metres, with its error.
