//! Tests: nothing that a user or a device can say changes what a document says.
