"""What a team wants, decided: tables to rules, rules and a document to deliveries. No I/O."""
