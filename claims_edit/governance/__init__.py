"""Rule packs held to account: proved over their whole decision space, compared, tested and followed over time."""
