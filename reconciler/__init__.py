"""xlicense: plan, apply and drift for Cisco Expressway Smart Licensing."""

__version__ = "0.1.0"
