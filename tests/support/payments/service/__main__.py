"""python -m services.payments api|relay|consumer|migrate|redrive|reconcile|new-epoch"""

from services.payments import wiring

from shared.messaging import roles

if __name__ == "__main__":
    roles.main(wiring.SERVICE, {})
