"""The pages for partners, owners and the operator. They know the app, and ask everything through it."""
