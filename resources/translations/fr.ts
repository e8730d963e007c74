<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Add files…</source>
        <translation>&amp;Ajouter des fichiers…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add images</source>
        <translation>Ajouter des images</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add &amp;folder…</source>
        <translation>Ajouter un &amp;dossier…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add a folder of images</source>
        <translation>Ajouter un dossier d’images</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>W&amp;hat of folders is taken…</source>
        <translation>&amp;Ce qui est pris dans les dossiers…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Choose what is left out of folders: patterns, formats, small files</source>
        <translation>Choisir ce qui est laissé de côté dans les dossiers : motifs, formats, petits fichiers</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>What &amp;would be made…</source>
        <translation>Ce qui &amp;serait fait…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Look at what would be written, replaced and skipped, and how large it would be</source>
        <translation>Voir ce qui serait écrit, remplacé et ignoré, et quelle en serait la taille</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Paste</source>
        <translation>Co&amp;ller</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add copied files, links or a copied picture</source>
        <translation>Ajouter des fichiers, des liens ou une image copiés</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Watched folders…</source>
        <translation>Dossiers s&amp;urveillés…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add what arrives in folders by itself</source>
        <translation>Ajouter automatiquement ce qui arrive dans des dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Recipes…</source>
        <translation>Rec&amp;ettes…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make, change, import and export recipes</source>
        <translation>Créer, modifier, importer et exporter des recettes</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save a &amp;report…</source>
        <translation>Enregistrer un rapp&amp;ort…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what became of each image, as CSV or JSON</source>
        <translation>Enregistrer ce que chaque image est devenue, en CSV ou JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;History…</source>
        <translation>&amp;Historique…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/history.py"/>
        <source>What was done on which day</source>
        <translation>Ce qui a été fait, jour par jour</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Machines…</source>
        <translation>&amp;Machines…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers on other machines, and how to add one</source>
        <translation>Les workers sur d’autres machines, et comment en ajouter un</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Export waiting images…</source>
        <translation>&amp;Exporter les images en attente…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Write what waits into a file, for another machine</source>
        <translation>Écrire ce qui attend dans un fichier, pour une autre machine</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Import a queue…</source>
        <translation>&amp;Importer une file d’attente…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take in what another machine has exported</source>
        <translation>Reprendre ce qu’une autre machine a exporté</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Export fa&amp;ilures…</source>
        <translation>Exporter les éc&amp;hecs…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what failed and why, as CSV or JSON</source>
        <translation>Enregistrer ce qui a échoué et pourquoi, en CSV ou JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Quit</source>
        <translation>&amp;Quitter</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start</source>
        <translation>Démarrer</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>S&amp;top</source>
        <translation>&amp;Arrêter</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause, and put the running images back in the queue</source>
        <translation>Mettre en pause et remettre les images en cours dans la file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do &amp;next</source>
        <translation>Faire e&amp;nsuite</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do l&amp;ast</source>
        <translation>Faire en &amp;dernier</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;up</source>
        <translation>&amp;Monter</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move do&amp;wn</source>
        <translation>De&amp;scendre</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Priority</source>
        <translation>Priorité</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Change rec&amp;ipe…</source>
        <translation>Changer de re&amp;cette…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>H&amp;old</source>
        <translation>Re&amp;tenir</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;lease</source>
        <translation>&amp;Libérer</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Cancel</source>
        <translation>&amp;Annuler</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make a&amp;gain</source>
        <translation>Re&amp;faire</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move what was made to the &amp;trash…</source>
        <translation>&amp;Mettre les fichiers créés à la corbeille…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Retry</source>
        <translation>&amp;Réessayer</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;move from the list</source>
        <translation>Retir&amp;er de la liste</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Open the res&amp;ult</source>
        <translation>&amp;Ouvrir le résultat</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the result in its folder</source>
        <translation>Montrer le résultat dans son dossier</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the source in its folder</source>
        <translation>Montrer la source dans son dossier</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;path</source>
        <translation>Copier le c&amp;hemin</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;message</source>
        <translation>Cop&amp;ier le message</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Retry all &amp;failed</source>
        <translation>&amp;Réessayer tous les échecs</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Try all failed images again</source>
        <translation>Essayer de nouveau toutes les images échouées</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Sho&amp;w what failed</source>
        <translation>&amp;Montrer les échecs</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>List what failed, by its kind</source>
        <translation>Lister ce qui a échoué, par genre</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>C&amp;lear finished</source>
        <translation>Retirer les &amp;terminées</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take what is done, skipped or cancelled off the list; files stay</source>
        <translation>Retirer de la liste ce qui est terminé, ignoré ou annulé ; les fichiers restent</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo</source>
        <translation>&amp;Annuler</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo</source>
        <translation>Réta&amp;blir</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Preferences…</source>
        <translation>&amp;Préférences…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers, limits, and what else can be set</source>
        <translation>Processus, limites et autres réglages</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Find</source>
        <translation>&amp;Rechercher</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Select &amp;all</source>
        <translation>&amp;Tout sélectionner</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Compare files by &amp;content</source>
        <translation>Comparer les fichiers par leur &amp;contenu</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Tell by what a file holds whether it has changed since it was made, not by its time</source>
        <translation>Reconnaître au contenu d’un fichier, et non à sa date, s’il a changé depuis qu’il a été traité</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Details</source>
        <translation>&amp;Détails</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show or hide details</source>
        <translation>Afficher ou masquer les détails</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;About Image Queue</source>
        <translation>&amp;À propos d’Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy dia&amp;gnostics…</source>
        <translation>Copier le dia&amp;gnostic…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Versions, settings and the last errors</source>
        <translation>Versions, réglages et dernières erreurs</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Raccourcis clavier</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show &amp;hints again</source>
        <translation>Montrer de &amp;nouveau les conseils</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Bring back the hints of the first days</source>
        <translation>Retrouver les conseils des premiers jours</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Priority</source>
        <translation>&amp;Priorité</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;High</source>
        <translation>&amp;Haute</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Normal</source>
        <translation>&amp;Normale</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Low</source>
        <translation>&amp;Basse</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start nothing new; running images finish</source>
        <translation>Ne rien commencer de nouveau ; les images en cours se terminent</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Go on</source>
        <translation>Continuer</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>As the &amp;system</source>
        <translation>Comme le &amp;système</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Light</source>
        <translation>&amp;Clair</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Dark</source>
        <translation>S&amp;ombre</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pausing, {0} finishing</source>
        <translation>Mise en pause, {0} se terminent</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <location filename="../../gui/dry_run.py"/>
        <source>No images were found.</source>
        <translation>Aucune image n’a été trouvée.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was here already</source>
        <translation>1 était déjà ici</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were here already</source>
        <translation>{n} étaient déjà ici</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was made by this recipe and is left out</source>
        <translation>1 a été fait par cette recette et est laissé de côté</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were made by this recipe and are left out</source>
        <translation>{n} ont été faits par cette recette et sont laissés de côté</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is not an image</source>
        <translation>1 n’est pas une image</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are not images</source>
        <translation>{n} ne sont pas des images</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is left out</source>
        <translation>1 est laissé de côté</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are left out</source>
        <translation>{n} sont laissés de côté</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could not be read</source>
        <translation>1 n’a pas pu être lu</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could not be read</source>
        <translation>{n} n’ont pas pu être lus</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>then stopped</source>
        <translation>puis arrêté</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}, as there is no original to replace.</source>
        <translation>Ce qui est fait de {0} va dans {1}, car il n’y a pas d’original à remplacer.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}.</source>
        <translation>Ce qui est fait de {0} va dans {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>Added {0}</source>
        <translation>{0} ajoutées</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{0}.</source>
        <translation>{0}.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could have the name of another and gets a number.</source>
        <translation>1 pourrait avoir le nom d’une autre et reçoit un numéro.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could have the name of another and get a number.</source>
        <translation>{n} pourraient avoir le nom d’une autre et reçoivent un numéro.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>, </source>
        <translation>, </translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>links</source>
        <translation>liens</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Stop adding</source>
        <translation>Arrêter l’ajout</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Why?</source>
        <translation>Pourquoi ?</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Undo</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Take off the list what was added and has not run yet</source>
        <translation>Retirer de la liste ce qui a été ajouté et n’a pas encore été traité</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Close this summary</source>
        <translation>Fermer ce résumé</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What is made of it goes to {0}.</source>
        <translation>Ce qui en est fait va dans {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What was not added, and why</source>
        <translation>Ce qui n’a pas été ajouté, et pourquoi</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What of folders is &amp;taken…</source>
        <translation>Ce qui est &amp;pris dans les dossiers…</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added the picture.</source>
        <translation>L’image a été ajoutée.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added {n} pictures.</source>
        <translation>{n} images ont été ajoutées.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Adding… {0} so far</source>
        <translation>Ajout… {0} jusqu’ici</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>, {0} files looked at</source>
        <translation>, {0} fichiers examinés</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save what failed</source>
        <translation>Enregistrer ce qui a échoué</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save a report</source>
        <translation>Enregistrer un rapport</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For a spreadsheet (*.csv)</source>
        <translation>Pour un tableur (*.csv)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For programs (*.json)</source>
        <translation>Pour des programmes (*.json)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Saved a report of {0} to {1}.</source>
        <translation>Un rapport sur {0} a été enregistré dans {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>1 output is missing or was changed.</source>
        <translation>1 sortie manque ou a été modifiée.</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>{n} outputs are missing or were changed.</source>
        <translation>{n} sorties manquent ou ont été modifiées.</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/queue_files.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>All files (*)</source>
        <translation>Tous les fichiers (*)</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Images ({0})</source>
        <translation>Images ({0})</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>#</source>
        <translation>Nº</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Preview</source>
        <translation>Aperçu</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Name</source>
        <translation>Nom</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Folder</source>
        <translation>Dossier</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>State</source>
        <translation>État</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Message</source>
        <translation>Message</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>Before</source>
        <translation>Avant</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>After</source>
        <translation>Après</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Saved</source>
        <translation>Gagné</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Dimensions</source>
        <translation>Dimensions</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Recipe</source>
        <translation>Recette</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Attempts</source>
        <translation>Tentatives</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Retry in</source>
        <translation>Réessai dans</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Took</source>
        <translation>Durée</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Added</source>
        <translation>Ajoutée</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Place in the queue. Sorted by it, images can be dragged to another place.</source>
        <translation>Place dans la file d’attente. Triées ainsi, les images peuvent être glissées à une autre place.</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>What the image looks like</source>
        <translation>Ce à quoi l’image ressemble</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Higher ones run first</source>
        <translation>Les plus hautes passent d’abord</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Why it failed, waits or was skipped, and which other machine works on it</source>
        <translation>Pourquoi elle a échoué, attend ou a été sautée, et quelle autre machine y travaille</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of the source</source>
        <translation>Taille de la source</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of all outputs together</source>
        <translation>Taille de toutes les sorties ensemble</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How much smaller the outputs are than the source</source>
        <translation>De combien les sorties sont plus petites que la source</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Width and height of the source, pixels</source>
        <translation>Largeur et hauteur de la source, en pixels</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Attempts so far, of those that it may have</source>
        <translation>Tentatives jusqu’ici, sur celles qui sont permises</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Time left until it is tried again</source>
        <translation>Temps avant la prochaine tentative</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How long the last attempt took</source>
        <translation>Durée de la dernière tentative</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Images can be dragged to another place when the table is in the order of the queue.</source>
        <translation>Les images peuvent être glissées à une autre place quand le tableau est dans l’ordre de la file d’attente.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Sort by #</source>
        <translation>Trier par nº</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Removed {0} from the list. Files stay.</source>
        <translation>Retiré de la liste : {0}. Les fichiers restent.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Each attempt costs a worker process. All else that failed is being tried again.</source>
        <translation>Chaque tentative coûte un processus. Tout le reste de ce qui a échoué est déjà essayé de nouveau.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <source>Try again</source>
        <translation>Réessayer</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/unmaking.py"/>
        <source>Leave</source>
        <translation>Laisser</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>1 image crashes the decoder. Try it again, too?</source>
        <translation>1 image fait planter le décodeur. La réessayer aussi ?</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>{n} images crash the decoder. Try them again, too?</source>
        <translation>{n} images font planter le décodeur. Les réessayer aussi ?</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>No program is known to open {0}.</source>
        <translation>Aucun programme connu ne peut ouvrir {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Changing {0}: {1} % are done.</source>
        <translation>Changement de {0} : {1} % sont faits.</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>All images are done</source>
        <translation>Toutes les images sont terminées</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Image Queue has paused</source>
        <translation>Image Queue s’est mis en pause</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/progress.py"/>
        <source>{0} failed</source>
        <translation>{0} échouées</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} skipped</source>
        <translation>{0} ignorées</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} cancelled</source>
        <translation>{0} annulées</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and 1 failed</source>
        <translation>Terminé, 1 échec</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and {n} failed</source>
        <translation>Terminé, {n} échecs</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} done</source>
        <translation>{0} terminées</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Saved {0}.</source>
        <translation>{0} gagnés.</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Fit</source>
        <translation>Ajusté</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Before and after</source>
        <translation>Avant et après</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>{0} % before, {1} % after. Arrow keys move the line, plus and minus zoom ({2}).</source>
        <translation>{0} % avant, {1} % après. Les flèches déplacent la ligne, plus et moins changent le zoom ({2}).</translation>
    </message>
    <message>
        <location filename="../../gui/dialogs.py"/>
        <location filename="../../gui/progress.py"/>
        <source>Image Queue</source>
        <translation>Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/dialogs.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Copy</source>
        <translation>&amp;Copier</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add 1 item here</source>
        <translation>Ajouter 1 élément ici</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add {n} items here</source>
        <translation>Ajouter {n} éléments ici</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs before the others</source>
        <translation>passe avant les autres</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs in turn</source>
        <translation>passe à son tour</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs when nothing else waits</source>
        <translation>passe quand rien d’autre n’attend</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Drop here for priority {0}</source>
        <translation>Déposer ici pour la priorité {0}</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be made</source>
        <translation>Ce qui serait fait</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose files or a folder, or drop them here. Each image is looked at with the recipe, the output folder and the rule that are chosen in the window now. Nothing is written.</source>
        <translation>Choisissez des fichiers ou un dossier, ou déposez-les ici. Chaque image est examinée avec la recette, le dossier de sortie et la règle qui sont choisis maintenant dans la fenêtre. Rien n’est écrit.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose &amp;files…</source>
        <translation>Choisir des &amp;fichiers…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose a f&amp;older…</source>
        <translation>Choisir un d&amp;ossier…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Stop</source>
        <translation>Arrê&amp;ter</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>How much was looked at</source>
        <translation>Ce qui a été examiné</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>&amp;Add these to the queue</source>
        <translation>&amp;Ajouter à la file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be written, replaced or skipped is listed here.</source>
        <translation>Ce qui serait écrit, remplacé ou ignoré est listé ici.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looking for images…</source>
        <translation>Recherche d’images…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Making a few in memory to estimate the sizes…</source>
        <translation>Quelques-unes sont faites en mémoire pour estimer les tailles…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>1 file or folder is not taken.</source>
        <translation>1 fichier ou dossier n’est pas pris.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>{n} files or folders are not taken.</source>
        <translation>{n} fichiers ou dossiers ne sont pas pris.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looked at {0} of {1}</source>
        <translation>{0} sur {1} examinées</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Stopped: {0} looked at.</source>
        <translation>Arrêté : {0} examinées.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>The first {0} lines are listed.</source>
        <translation>Les {0} premières lignes sont affichées.</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <location filename="../../gui/queue_files.py"/>
        <source>Export waiting images</source>
        <translation>Exporter les images en attente</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>A file for another machine is written, with the recipes, priorities, order and holds of the images. It does not hold the images: the other machine has to reach them, in folders whose names may differ there.</source>
        <translation>Un fichier pour une autre machine est écrit, avec les recettes, les priorités, l’ordre et les retenues des images. Il ne contient pas les images : l’autre machine doit pouvoir les atteindre, dans des dossiers dont les noms peuvent y être différents.</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Which</source>
        <translation>Lesquelles</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>What becomes of them here</source>
        <translation>Ce qu’elles deviennent ici</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Export…</source>
        <translation>&amp;Exporter…</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Hold them, so that they are not made twice</source>
        <translation>Les &amp;retenir, pour qu’elles ne soient pas faites deux fois</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Remove them from the list</source>
        <translation>Les reti&amp;rer de la liste</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Leave them waiting</source>
        <translation>Les &amp;laisser attendre</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;All that wait: {0}</source>
        <translation>&amp;Toutes celles qui attendent : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Only the &amp;selected: {0}</source>
        <translation>Seulement les &amp;sélectionnées : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk is full</source>
        <translation>Le disque est plein</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The output folder cannot be written</source>
        <translation>Le dossier de sortie n’est pas accessible en écriture</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file must not be read</source>
        <translation>Le fichier ne doit pas être lu</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is in use by another program</source>
        <translation>Le fichier est utilisé par un autre programme</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk or the network gave an error</source>
        <translation>Le disque ou le réseau a donné une erreur</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The worker process ended in the middle</source>
        <translation>Le processus s’est terminé en plein travail</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The machine that had it is gone</source>
        <translation>La machine qui l’avait est partie</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It took longer than the time limit</source>
        <translation>La limite de temps a été dépassée</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It needs more memory than the limit</source>
        <translation>Il faut plus de mémoire que la limite</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue ended while it was worked on</source>
        <translation>Image Queue s’est terminé pendant le travail</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The library for its format is missing</source>
        <translation>La bibliothèque pour ce format manque</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server could not be reached</source>
        <translation>Le serveur n’a pas pu être joint</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server took too long</source>
        <translation>Le serveur a mis trop de temps</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server is busy or broken</source>
        <translation>Le serveur est occupé ou en panne</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>What another machine made did not arrive whole</source>
        <translation>Ce qu’une autre machine a produit n’est pas arrivé entier</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Another Image Queue has the queue</source>
        <translation>Un autre Image Queue tient la file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file cannot be used</source>
        <translation>Le fichier de la file d’attente est inutilisable</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file is of a newer version</source>
        <translation>Le fichier de la file d’attente vient d’une version plus récente</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not there any more</source>
        <translation>Le fichier n’est plus là</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not an image</source>
        <translation>Le fichier n’est pas une image</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image is damaged</source>
        <translation>L’image est endommagée</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file crashes the decoder</source>
        <translation>Le fichier fait planter le décodeur</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image has too many pixels</source>
        <translation>L’image a trop de pixels</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is nothing at the link</source>
        <translation>Il n’y a rien à ce lien</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server does not give the image</source>
        <translation>Le serveur ne donne pas l’image</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads nowhere</source>
        <translation>Le lien ne mène nulle part</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server cannot be trusted</source>
        <translation>Le serveur n’est pas digne de confiance</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The download is larger than the limit</source>
        <translation>Le téléchargement dépasse la limite</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads to a page, not to an image</source>
        <translation>Le lien mène à une page, pas à une image</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The recipe cannot be followed</source>
        <translation>La recette ne peut pas être suivie</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The name of the output cannot be</source>
        <translation>Le nom de la sortie est impossible</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is no original to replace</source>
        <translation>Il n’y a pas d’original à remplacer</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The original cannot go to the trash</source>
        <translation>L’original ne peut pas aller à la corbeille</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The format cannot hold the image</source>
        <translation>Le format ne peut pas contenir l’image</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file holds no queue</source>
        <translation>Le fichier ne contient pas de file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>A value cannot be</source>
        <translation>Une valeur est impossible</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue made a mistake</source>
        <translation>Image Queue a fait une erreur</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Choose another folder and retry…</source>
        <translation>Choisir un autre dossier et réessayer…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Retry with the chosen recipe</source>
        <translation>Réessayer avec la recette choisie</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Change the limits…</source>
        <translation>Modifier les limites…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Remove from the list</source>
        <translation>Retirer de la liste</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <location filename="../../gui/report.py"/>
        <source>Report…</source>
        <translation>Signaler…</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>1 image is tried again.</source>
        <translation>1 image est essayée de nouveau.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{n} images are tried again.</source>
        <translation>{n} images sont essayées de nouveau.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0}: choose another folder</source>
        <translation>{0} : choisir un autre dossier</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>These images crash the decoder. Try them again?</source>
        <translation>Ces images font planter le décodeur. Les réessayer ?</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>Each attempt costs a worker process; everything else goes on meanwhile.</source>
        <translation>Chaque tentative coûte un processus ; tout le reste continue pendant ce temps.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0} are made ready to be tried again…</source>
        <translation>Préparation d’un nouvel essai : {0}…</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Show only these</source>
        <translation>Ne montrer que celles-ci</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Retry</source>
        <translation>Réessayer</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>What failed, by its kind</source>
        <translation>Ce qui a échoué, par genre</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for 1 reason</source>
        <translation>pour 1 raison</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for {n} reasons</source>
        <translation>pour {n} raisons</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <source>For example: {0}</source>
        <translation>Par exemple : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>images of all formats</source>
        <translation>des images de tous les formats</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>hidden ones, too</source>
        <translation>y compris cachées</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>without hidden ones</source>
        <translation>sans les cachées</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What of folders is taken</source>
        <translation>Ce qui est pris dans les dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>This holds for the folders and archives that you add from now on, and for watched folders. An image, an archive or a link that you add by itself is always taken.</source>
        <translation>Cela vaut pour les dossiers et archives que vous ajoutez désormais, et pour les dossiers surveillés. Une image, une archive ou un lien que vous ajoutez seul est toujours pris.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Take &amp;hidden files and folders, too</source>
        <translation>Prendre aussi les fichiers et dossiers cac&amp;hés</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Open &amp;archives in folders (zip, cbz, tar)</source>
        <translation>Ouvrir les &amp;archives dans les dossiers (zip, cbz, tar)</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Each is unpacked into the app's own folder, within limits. Archives in archives and in watched folders stay closed.</source>
        <translation>Chacune est décompressée dans le dossier de l’application, dans certaines limites. Les archives dans des archives et dans des dossiers surveillés restent fermées.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these formats; none for all</source>
        <translation>Seulement ces formats ; aucun pour tous</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>any size</source>
        <translation>toute taille</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Patterns of what is left out, one a line</source>
        <translation>Motifs de ce qui est laissé de côté, un par ligne</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives are opened.</source>
        <translation>Les archives sont ouvertes.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives stay closed.</source>
        <translation>Les archives restent fermées.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these &amp;formats (none ticked: all):</source>
        <translation>Seulement ces &amp;formats (aucun coché : tous) :</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>&amp;Leave out, as lines of a .gitignore:</source>
        <translation>&amp;Laisser de côté, en lignes de .gitignore :</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Leave out files &amp;smaller than (500, 20 kB, 1.5 MB):</source>
        <translation>Laisser de côté les fichiers plus &amp;petits que (500, 20 kB, 1.5 MB) :</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>{0} images</source>
        <translation>des images {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source> of at least {0}</source>
        <translation> d’au moins {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Taken are {0}, {1}.</source>
        <translation>Sont prises : {0}, {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What 1 pattern matches is left out.</source>
        <translation>Ce qui correspond à 1 motif est laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What {n} patterns match is left out.</source>
        <translation>Ce qui correspond à {n} motifs est laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>{0} new files, {1} replaced, of {2}; {3} skipped, {4} failed.</source>
        <translation>{0} nouveaux fichiers, {1} remplacés, de {2} ; {3} ignorés, {4} échoués.</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Would</source>
        <translation>Action</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>File</source>
        <translation>Fichier</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Pixels</source>
        <translation>Pixels</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>About</source>
        <translation>Environ</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Of, or why</source>
        <translation>De quoi, ou pourquoi</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>skip</source>
        <translation>ignorer</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>fail</source>
        <translation>échouer</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>download</source>
        <translation>télécharger</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>replace</source>
        <translation>remplacer</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>write</source>
        <translation>écrire</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Together about {0}</source>
        <translation>Ensemble environ {0}</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, give or take {0}</source>
        <translation>, à {0} près</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, as {0} made in memory tell</source>
        <translation>, d’après {0} faites en mémoire</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Thumbnails, resizes and converts images by the thousand, in a queue that survives anything.</source>
        <translation>Réduit, redimensionne et convertit des images par milliers, dans une file d’attente qui survit à tout.</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Free software under the MIT licence. Icons are drawn for it, and share that licence.</source>
        <translation>Logiciel libre sous licence MIT. Les icônes sont dessinées pour lui et partagent cette licence.</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Open the result of the image that is chosen</source>
        <translation>Ouvrir le résultat de l’image choisie</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>What can be done with the images that are chosen</source>
        <translation>Ce qui peut être fait des images choisies</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Go to the next part of the window</source>
        <translation>Aller à la partie suivante de la fenêtre</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Close a dialog</source>
        <translation>Fermer un dialogue</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>In the table, and elsewhere</source>
        <translation>Dans le tableau, et ailleurs</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Keyboard shortcuts</source>
        <translation>Raccourcis clavier</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>About Image Queue</source>
        <translation>À propos d’Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Something failed. Its row says why; the number of failures below leads to what can be done.</source>
        <translation>Quelque chose a échoué. Sa ligne dit pourquoi ; le nombre d’échecs en bas mène à ce qui peut être fait.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Space pauses and starts. You may also quit: what waits is kept, and goes on at the next start.</source>
        <translation>La barre d’espace met en pause et démarre. Vous pouvez aussi quitter : ce qui attend est gardé, et continue au prochain démarrage.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Drop on High, Normal or Low to say what comes first. F2 changes it for what is chosen here.</source>
        <translation>Déposez sur Haute, Normale ou Basse pour dire ce qui passe d’abord. F2 le change pour ce qui est choisi ici.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>No more hints</source>
        <translation>Ne plus montrer de conseils</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Close this hint</source>
        <translation>Fermer ce conseil</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>History</source>
        <translation>Historique</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day (2026-01-31), a folder or a recipe</source>
        <translation>Chercher un jour (2026-01-31), un dossier ou une recette</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day, a folder or a recipe</source>
        <translation>Chercher un jour, un dossier ou une recette</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget all…</source>
        <translation>Tout oublier…</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Day and folder</source>
        <translation>Jour et dossier</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Done</source>
        <translation>Terminée</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Skipped</source>
        <translation>Ignorée</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Failed</source>
        <translation>Échouée</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{0} done on {1}</source>
        <translation>{0} faites en {1}</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>1 day</source>
        <translation>1 jour</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{n} days</source>
        <translation>{n} jours</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget what was done on all days?</source>
        <translation>Oublier ce qui a été fait tous ces jours ?</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Files and the images in the list stay as they are.</source>
        <translation>Les fichiers et les images de la liste restent tels quels.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget</source>
        <translation>Oublier</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep</source>
        <translation>Garder</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing matches.</source>
        <translation>Rien ne correspond.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing has been done yet.</source>
        <translation>Rien n’a encore été fait.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>; {0} became {1}, {2} saved</source>
        <translation>; {0} devenus {1}, {2} gagnés</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Images that are not here</source>
        <translation>Images qui ne sont pas ici</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import the &amp;missing ones, too; they fail unless they come in time</source>
        <translation>Importer aussi celles qui &amp;manquent ; elles échouent si elles n’arrivent pas à temps</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import</source>
        <translation>&amp;Importer</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose the folder on this machine</source>
        <translation>Choisir le dossier sur cette machine</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Looking for the images…</source>
        <translation>Recherche des images…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Imported {0} from {1}.</source>
        <translation>Importé de {1} : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of another queue, with their priorities, order and recipes: {1}.</source>
        <translation>{0} d’une autre file d’attente, avec leurs priorités, leur ordre et leurs recettes : {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Folder in the file</source>
        <translation>Dossier dans le fichier</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Is here</source>
        <translation>Est ici</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>the folder on this machine</source>
        <translation>le dossier sur cette machine</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <location filename="../../gui/recipes/controls.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Choose…</source>
        <translation>Choisir…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The file has no images.</source>
        <translation>Le fichier n’a pas d’images.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source> and {0} more</source>
        <translation> et {0} autres</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 was here already.</source>
        <translation>1 était déjà ici.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} were here already.</source>
        <translation>{n} étaient déjà ici.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing and was left out.</source>
        <translation>1 manque et a été laissée de côté.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing and were left out.</source>
        <translation>{n} manquent et ont été laissées de côté.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import {0}</source>
        <translation>Importer {0}</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Say where the folders are here: {0} of another system.</source>
        <translation>Dites où sont ici les dossiers : {0} d’un autre système.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 path is</source>
        <translation>1 chemin vient</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} paths are</source>
        <translation>{n} chemins viennent</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of them are held.</source>
        <translation>{0} d’entre elles sont retenues.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>of a recipe</source>
        <translation>d’une recette</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Where {0} is here</source>
        <translation>Où se trouve {0} ici</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose where {0} is here</source>
        <translation>Choisir où se trouve {0} ici</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing.</source>
        <translation>1 manque.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing.</source>
        <translation>{n} manquent.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The image is here.</source>
        <translation>L’image est ici.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>All {n} images are here.</source>
        <translation>Les {n} images sont toutes ici.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Results go to {0}.</source>
        <translation>Les résultats vont dans {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Originals are replaced, and go to the trash, by: {0}.</source>
        <translation>Des originaux sont remplacés et vont à la corbeille, par : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Files of the results' names are replaced by: {0}.</source>
        <translation>Les fichiers qui ont les noms des résultats sont remplacés par : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import {0}</source>
        <translation>&amp;Importer {0}</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of {1} are here.</source>
        <translation>{0} sur {1} sont ici.</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the selection</source>
        <translation>Détails de la sélection</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the attempt</source>
        <translation>Détails de la tentative</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Copy details</source>
        <translation>Copier les détails</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Select an image to see its details.</source>
        <translation>Sélectionnez une image pour voir ses détails.</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>No.</source>
        <translation>Nº</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>End</source>
        <translation>Fin</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>When</source>
        <translation>Quand</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Worker</source>
        <translation>Processus</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Goes to</source>
        <translation>Va dans</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} selected</source>
        <translation>{0} : sélection</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Will be</source>
        <translation>Deviendra</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} became {1}</source>
        <translation>{0} devenus {1}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>(of the first {0})</source>
        <translation>(des {0} premières)</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Code: {0}</source>
        <translation>Code : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0}, not counted</source>
        <translation>{0}, non comptée</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Picture of the image</source>
        <translation>Vue de l’image</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Frames</source>
        <translation>Images</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colours</source>
        <translation>Couleurs</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Camera</source>
        <translation>Appareil photo</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Lens</source>
        <translation>Objectif</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Taken</source>
        <translation>Prise le</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Exposure</source>
        <translation>Exposition</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Author</source>
        <translation>Auteur</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Copyright</source>
        <translation>Copyright</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Place</source>
        <translation>Place</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Metadata</source>
        <translation>Métadonnées</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>is known</source>
        <translation>est connu</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Password of the broker</source>
        <translation>Mot de passe du broker</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Kept in the keyring of this system.</source>
        <translation>Gardé dans le trousseau de ce système.</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None. A new one goes to the keyring</source>
        <translation>Aucun. Un nouveau va dans le trousseau</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Pass&amp;word:</source>
        <translation>&amp;Mot de passe :</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>&amp;Try</source>
        <translation>&amp;Essayer</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Look whether the broker answers</source>
        <translation>Voir si le broker répond</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None: images travel to the machines and back over the broker.</source>
        <translation>Aucun : les images vont aux machines et reviennent par le broker.</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>A&amp;dd a folder…</source>
        <translation>A&amp;jouter un dossier…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Remo&amp;ve</source>
        <translation>&amp;Retirer</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Choose a folder that the machines have, too</source>
        <translation>Choisir un dossier que les machines ont aussi</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Trying…</source>
        <translation>Essai en cours…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Folder on this computer</source>
        <translation>Dossier sur cet ordinateur</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines cannot be used</source>
        <translation>Machines inutilisables</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Connecting…</source>
        <translation>Connexion…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker is away</source>
        <translation>Le broker est absent</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker refuses</source>
        <translation>Le broker refuse</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines…</source>
        <translation>Machines…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 machine</source>
        <translation>1 machine</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} machines</source>
        <translation>{n} machines</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Machines</source>
        <translation>Machines</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>To &amp;add a machine, run these two commands on it:</source>
        <translation>Pour &amp;ajouter une machine, lancez-y ces deux commandes :</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>&amp;Broker and folders…</source>
        <translation>&amp;Broker et dossiers…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No machine is at work for this queue. Choose a broker, and start a worker on another computer with the two commands below.</source>
        <translation>Aucune machine ne travaille pour cette file d’attente. Choisissez un broker, et lancez un worker sur un autre ordinateur par les deux commandes ci-dessous.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Commands that start a worker on another machine</source>
        <translation>Commandes qui lancent un worker sur une autre machine</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>None</source>
        <translation>Aucun</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The same</source>
        <translation>Les mêmes</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the computer with the broker, {1} for the password of this user.</source>
        <translation>{0} est l’ordinateur du broker, {1} le mot de passe de cet utilisateur.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is on this computer: others find it by the name of the computer.</source>
        <translation>Le broker est sur cet ordinateur : les autres le trouvent par le nom de l’ordinateur.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No broker is set: this computer works alone.</source>
        <translation>Aucun broker n’est choisi : cet ordinateur travaille seul.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is away, and tried again by itself. This computer goes on alone. {0}</source>
        <translation>Le broker est absent, et sera réessayé de lui-même. Cet ordinateur continue seul. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Machine</source>
        <translation>Machine</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Slots</source>
        <translation>Places</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Running</source>
        <translation>En cours</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Images/s</source>
        <translation>Images/s</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Last heard of</source>
        <translation>Dernier signe</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Shared folders</source>
        <translation>Dossiers partagés</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} of {1} not the same</source>
        <translation>{0} sur {1} pas les mêmes</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 slot</source>
        <translation>1 place</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} slots</source>
        <translation>{n} places</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>now</source>
        <translation>maintenant</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} on {1}: {2}</source>
        <translation>{0} sur {1} : {2}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And 1 more.</source>
        <translation>Et 1 de plus.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And {n} more.</source>
        <translation>Et {n} de plus.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>This computer works alone. {0}</source>
        <translation>Cet ordinateur travaille seul. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connecting to {0}…</source>
        <translation>Connexion à {0}…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker refuses. This computer goes on alone. {0}</source>
        <translation>Le broker refuse. Cet ordinateur continue seul. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connected to {0}: {1}, {2}.</source>
        <translation>Connecté à {0} : {1}, {2}.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the password of the broker.</source>
        <translation>{0} est le mot de passe du broker.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} ago</source>
        <translation>il y a {0}</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Main toolbar</source>
        <translation>Barre d’outils principale</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Drop images, folders or links here</source>
        <translation>Déposez ici des images, des dossiers ou des liens</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>They are queued, and four workers make the copies that the recipe above describes.
Nothing is lost when you pause, quit, or lose power.</source>
        <translation>Elles sont mises en file d’attente, et quatre processus font les copies que décrit la recette ci-dessus.
Rien n’est perdu si vous mettez en pause, quittez ou subissez une coupure de courant.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Show all</source>
        <translation>Tout montrer</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing matches</source>
        <translation>Rien ne correspond</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image listed here has this in its name or folder.</source>
        <translation>Aucune image de cette liste n’a cela dans son nom ou son dossier.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What fails is listed here by its kind, with what to do about it.</source>
        <translation>Ce qui échoue est listé ici par genre, avec ce qu’il faut faire.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing here</source>
        <translation>Rien ici</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image is in this state now.</source>
        <translation>Aucune image n’est dans cet état maintenant.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing failed</source>
        <translation>Rien n’a échoué</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What was copied is no file, no path, no link and no picture.</source>
        <translation>Ce qui a été copié n’est ni un fichier, ni un chemin, ni un lien, ni une image.</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;File</source>
        <translation>&amp;Fichier</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Edit</source>
        <translation>É&amp;dition</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Queue</source>
        <translation>File d’a&amp;ttente</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;View</source>
        <translation>&amp;Affichage</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Columns</source>
        <translation>&amp;Colonnes</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Sort by</source>
        <translation>&amp;Trier par</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Help</source>
        <translation>Aid&amp;e</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Image</source>
        <translation>&amp;Image</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Appearance</source>
        <translation>A&amp;pparence</translation>
    </message>
    <message>
        <location filename="../../gui/notice.py"/>
        <source>Close this notice</source>
        <translation>Fermer cet avis</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>The link leads to a page, not to an image. The page names {{0}}.</source>
        <translation>Le lien mène à une page, pas à une image. La page cite {{0}}.</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>{n} links lead to pages, not to images. The pages name {{0}}.</source>
        <translation>{n} liens mènent à des pages, pas à des images. Les pages citent {{0}}.</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add this image</source>
        <translation>Ajouter cette image</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add these {n} images</source>
        <translation>Ajouter ces {n} images</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>The original's place; the original goes to the trash</source>
        <translation>À la place de l’original, qui va à la corbeille</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Beside the source</source>
        <translation>À côté de la source</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>{0}, with subfolders</source>
        <translation>{0}, avec sous-dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at once.</source>
        <translation>Prend effet tout de suite.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For folders that are added from now on, and for watched ones at once.</source>
        <translation>Pour les dossiers ajoutés désormais, et tout de suite pour ceux qui sont surveillés.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Preferences</source>
        <translation>Préférences</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore &amp;defaults…</source>
        <translation>Réta&amp;blir les valeurs par défaut…</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Work</source>
        <translation>Travail</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files</source>
        <translation>Fichiers</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>When done</source>
        <translation>À la fin</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Broker:</source>
        <translation>&amp;Broker :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The URL of a RabbitMQ or a Redis through which workers on other machines get images. Takes effect at once. Empty: this computer works alone.</source>
        <translation>L’URL d’un RabbitMQ ou d’un Redis par lequel des workers sur d’autres machines reçoivent des images. Prend effet tout de suite. Vide : cet ordinateur travaille seul.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Shared folders:</source>
        <translation>Dossiers &amp;partagés :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Folders that the machines have, too, so that images in them need not travel. A worker is told its own path of each, by --share and the name. Takes effect at once.</source>
        <translation>Des dossiers que les machines ont aussi, pour que leurs images n’aient pas à voyager. Chaque worker reçoit son propre chemin par --share et le nom. Prend effet tout de suite.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Appearance:</source>
        <translation>&amp;Apparence :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Language:</source>
        <translation>&amp;Langue :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at the next start.</source>
        <translation>Prend effet au prochain démarrage.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Window</source>
        <translation>Fenêtre</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Open</source>
        <translation>&amp;Ouvrir</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Data folder:</source>
        <translation>&amp;Dossier des données :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Workers:</source>
        <translation>&amp;Processus :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Images that are worked on at the same time. Takes effect at once; a worker that is too many finishes its image first.</source>
        <translation>Images traitées en même temps. Prend effet tout de suite ; un processus en trop finit d’abord son image.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Time limit:</source>
        <translation>Limite de &amp;temps :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For one attempt at one image. Holds for attempts that begin from now on.</source>
        <translation>Pour une tentative sur une image. Vaut pour les tentatives qui commencent désormais.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Memory limit:</source>
        <translation>Limite de &amp;mémoire :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For each worker. Holds for attempts that begin from now on.</source>
        <translation>Pour chaque processus. Vaut pour les tentatives qui commencent désormais.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Retries:</source>
        <translation>&amp;Nouvelles tentatives :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>After the first attempt, where a retry can help. For images that are added from now on.</source>
        <translation>Après la première tentative, là où une autre peut aider. Pour les images ajoutées désormais.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Aging:</source>
        <translation>&amp;Vieillissement :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time to &amp;finish:</source>
        <translation>Temps pour &amp;finir :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is t&amp;here:</source>
        <translation>Si un fichier est dé&amp;jà là :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For images that are added from now on.</source>
        <translation>Pour les images ajoutées désormais.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Leave out of folders:</source>
        <translation>&amp;Laisser de côté dans les dossiers :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Only the formats:</source>
        <translation>Seulement les &amp;formats :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Nothing here means all.</source>
        <translation>Rien ici veut dire tous.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files of at &amp;least:</source>
        <translation>Fichiers d’au &amp;moins :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Smaller files of a folder are left out.</source>
        <translation>Les fichiers plus petits d’un dossier sont laissés de côté.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What was made before is told by what a file holds, not by its time.</source>
        <translation>Ce qui a déjà été fait se reconnaît au contenu d’un fichier, et non à sa date.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Take h&amp;idden files of folders, too</source>
        <translation>Prendre aussi les fichiers cac&amp;hés des dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open ar&amp;chives in folders</source>
        <translation>Ouvrir les &amp;archives dans les dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Archives that are added by themselves are always opened.</source>
        <translation>Les archives ajoutées seules sont toujours ouvertes.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Notify me when all is done</source>
        <translation>Me &amp;prévenir quand tout est terminé</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Once a run, with the failures in it, only where the window is not in front.</source>
        <translation>Une fois par passage, avec les échecs, seulement si la fenêtre n’est pas au premier plan.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;When done, at each start:</source>
        <translation>À la &amp;fin, à chaque démarrage :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What ends something, such as to shut down, is chosen in the window each time.</source>
        <translation>Ce qui met fin à quelque chose, comme éteindre, se choisit chaque fois dans la fenêtre.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Keep the machine awake while images are worked on</source>
        <translation>&amp;Garder la machine éveillée pendant le travail</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Show an &amp;icon in the tray</source>
        <translation>Montrer une &amp;icône dans la zone de notification</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;each image:</source>
        <translation>Commande après &amp;chaque image :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{source}, {output}, {outputs}, {id} and {recipe} stand for what they say; no shell reads them. One that fails is noted in the image's row.</source>
        <translation>{source}, {output}, {outputs}, {id} et {recipe} représentent ce qu’ils disent ; aucun shell ne les lit. Un échec est noté dans la ligne de l’image.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;all:</source>
        <translation>Commande &amp;après toutes :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{done}, {failed}, {skipped} and {cancelled} stand for how many.</source>
        <translation>{done}, {failed}, {skipped} et {cancelled} représentent les nombres.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time for a co&amp;mmand:</source>
        <translation>Te&amp;mps pour une commande :</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Then it is ended.</source>
        <translation>Ensuite elle est arrêtée.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore the defaults of all preferences?</source>
        <translation>Rétablir les valeurs par défaut de toutes les préférences ?</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the recipes and the watched folders stay as they are.</source>
        <translation>La file d’attente, les recettes et les dossiers surveillés restent tels quels.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore</source>
        <translation>Rétablir</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>s</source>
        <translation>s</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>No limit</source>
        <translation>Sans limite</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/words.py"/>
        <source>MB</source>
        <translation>Mo</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>min</source>
        <translation>min</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Never</source>
        <translation>Jamais</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example:
*-small.jpg
old/</source>
        <translation>Par exemple :
*-petit.jpg
vieux/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: jpeg, png, raw</source>
        <translation>Par exemple : jpeg, png, raw</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/words.py"/>
        <source>kB</source>
        <translation>ko</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Any size</source>
        <translation>Toute taille</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: rsync {output} backup:/photos/</source>
        <translation>Par exemple : rsync {output} backup:/photos/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: notify-send '{done} done, {failed} failed'</source>
        <translation>Par exemple : notify-send '{done} terminées, {failed} échouées'</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>As the system</source>
        <translation>Comme le système</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the settings and the log are kept here. Another folder is taken at the next start, with --data-dir or the variable {0}.</source>
        <translation>La file d’attente, les réglages et le journal sont gardés ici. Un autre dossier est pris au prochain démarrage, avec --data-dir ou la variable {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>A worker needs 64 MB or more; 0 is for no limit.</source>
        <translation>Un processus a besoin de 64 Mo ou plus ; 0 veut dire sans limite.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>An image that has waited so long goes before any priority. {0}</source>
        <translation>Une image qui a attendu aussi longtemps passe avant toute priorité. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>That images being worked on get when you quit. {0}</source>
        <translation>Laissé aux images en cours quand vous quittez. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep it</source>
        <translation>Le garder</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Number the new one</source>
        <translation>Numéroter le nouveau</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it</source>
        <translation>Le remplacer</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it if older</source>
        <translation>Le remplacer s’il est plus ancien</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>One pattern a line, as in a .gitignore. {0}</source>
        <translation>Un motif par ligne, comme dans un .gitignore. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Do nothing more</source>
        <translation>Ne rien faire de plus</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Notify me in any case</source>
        <translation>Me prévenir dans tous les cas</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open the folder</source>
        <translation>Ouvrir le dossier</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{0} Where the desktop has a tray.</source>
        <translation>{0} Là où le bureau a une zone de notification.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>It</source>
        <translation>Il</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Progress of the whole run</source>
        <translation>Progression de l’ensemble</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Show what failed, and what to do about it</source>
        <translation>Montrer ce qui a échoué, et quoi faire</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>saved {0} ({1})</source>
        <translation>{0} gagnés ({1})</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} larger ({1})</source>
        <translation>{0} de plus ({1})</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} of {1}</source>
        <translation>{0} sur {1}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Paused, {0}</source>
        <translation>En pause, {0}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} images/s</source>
        <translation>{0} images/s</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>No image is waiting any more; nothing was written.</source>
        <translation>Aucune image n’attend plus ; rien n’a été écrit.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Import a queue</source>
        <translation>Importer une file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Left out, as they are on this machine alone (pasted pictures, archives, images that become one file): {0}.</source>
        <translation>Laissées de côté, car elles ne sont que sur cette machine (images collées, archives, images qui deviennent un seul fichier) : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Exported {0} to {1}.</source>
        <translation>Exporté dans {1} : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Image Queue jobs (*{0})</source>
        <translation>Tâches d’Image Queue (*{0})</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>They wait here, too.</source>
        <translation>Elles attendent ici aussi.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Held here until they are released: {0}.</source>
        <translation>Retenues ici jusqu’à ce qu’elles soient libérées : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Nothing was written.</source>
        <translation>Rien n’a été écrit.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Removed from the list here: {0}.</source>
        <translation>Retirées de la liste ici : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Cancelling…</source>
        <translation>Annulation…</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Running {n} %</source>
        <translation>En cours {n} %</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Retrying in {time}</source>
        <translation>Nouvel essai dans {time}</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>number {n} in the queue</source>
        <translation>numéro {n} dans la file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>priority {word}</source>
        <translation>priorité {word}</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Images in the queue</source>
        <translation>Images dans la file d’attente</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Fit widths to contents</source>
        <translation>Ajuster les largeurs au contenu</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Restore default columns</source>
        <translation>Rétablir les colonnes par défaut</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>The order in which they were added</source>
        <translation>L’ordre dans lequel elles ont été ajoutées</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Rising</source>
        <translation>Croissant</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Falling</source>
        <translation>Décroissant</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output folder</source>
        <translation>Dossier de sortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Keep su&amp;bfolders</source>
        <translation>Garder les &amp;sous-dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>In the output folder, use the same folders as below the folder that you add</source>
        <translation>Dans le dossier de sortie, employer les mêmes dossiers que sous le dossier que vous ajoutez</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is there already</source>
        <translation>Si un fichier est déjà là</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made of links goes to your Pictures folder</source>
        <translation>Ce qui est fait à partir de liens va dans votre dossier Images</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace the original</source>
        <translation>Remplacer l’original</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose a folder…</source>
        <translation>Choisir un dossier…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Edit recipes…</source>
        <translation>Modifier les recettes…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file…</source>
        <translation>Charger un fichier de recette…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes one file of many images: it cannot replace them</source>
        <translation>Cette recette fait un fichier de plusieurs images : il ne peut pas les remplacer</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made takes the original's place, and the original goes to the trash</source>
        <translation>Le résultat prend la place de l’original, et l’original va à la corbeille</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>One file of many images has no one source that could be newer</source>
        <translation>Un fichier de plusieurs images n’a pas une source unique qui pourrait être plus récente</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Replace the original (by the recipe)</source>
        <translation>Remplacer l’original (selon la recette)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file</source>
        <translation>Charger un fichier de recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes (*.toml)</source>
        <translation>Recettes (*.toml)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose the output folder</source>
        <translation>Choisir le dossier de sortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Reci&amp;pe:</source>
        <translation>Re&amp;cette :</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>&amp;To:</source>
        <translation>&amp;Vers :</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes {0} files of each image: they cannot replace it</source>
        <translation>Cette recette fait {0} fichiers de chaque image : ils ne peuvent pas la remplacer</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>{0} (by the recipe)</source>
        <translation>{0} (selon la recette)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes</source>
        <translation>Recettes</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Built in</source>
        <translation>Fournies</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Your own</source>
        <translation>Les vôtres</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>This is the default.</source>
        <translation>C’est la recette par défaut.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>{0}, the default</source>
        <translation>{0}, par défaut</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Change recipe</source>
        <translation>Changer de recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} will become “{1}”.</source>
        <translation>{0} passeront à « {1} ».</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>None of these images waits any more.</source>
        <translation>Aucune de ces images n’attend plus.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} stay as they are: they are gathered into one file.</source>
        <translation>{0} restent telles quelles : elles sont réunies dans un seul fichier.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose a colour</source>
        <translation>Choisir une couleur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Insert a part of the name</source>
        <translation>Insérer une partie du nom</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Transparent</source>
        <translation>Transparent</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose: {0}</source>
        <translation>Choisir : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>For example {0}</source>
        <translation>Par exemple {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;New recipe</source>
        <translation>&amp;Nouvelle recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Duplicate</source>
        <translation>&amp;Dupliquer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Rename</source>
        <translation>&amp;Renommer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>D&amp;elete</source>
        <translation>&amp;Supprimer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Import…</source>
        <translation>&amp;Importer…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>E&amp;xport…</source>
        <translation>E&amp;xporter…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Set as de&amp;fault</source>
        <translation>Choisir par dé&amp;faut</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Close</source>
        <translation>&amp;Fermer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Redo</source>
        <translation>&amp;Rétablir</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>An &amp;output</source>
        <translation>Une s&amp;ortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Re&amp;move</source>
        <translation>Re&amp;tirer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;down</source>
        <translation>&amp;Descendre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Add</source>
        <translation>A&amp;jouter</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>More</source>
        <translation>Plus</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Recipe</source>
        <translation>&amp;Recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>This recipe comes with the app, and stays as it is.</source>
        <translation>Cette recette est fournie avec l’application et reste telle quelle.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Duplicate to change it</source>
        <translation>Dupliquer pour la modifier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching on</source>
        <translation>activation</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching off</source>
        <translation>désactivation</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>moving</source>
        <translation>déplacement</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding an output</source>
        <translation>ajout d’une sortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>New recipe</source>
        <translation>Nouvelle recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>renaming</source>
        <translation>changement de nom</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Import a recipe</source>
        <translation>Importer une recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Export the recipe</source>
        <translation>Exporter la recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>change of {0}</source>
        <translation>modification de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding {0}</source>
        <translation>ajout de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding a recipe</source>
        <translation>ajout d’une recette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>duplicating</source>
        <translation>duplication</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Deleted “{0}”. Jobs that have it keep it.</source>
        <translation>« {0} » a été supprimée. Les tâches qui l’ont la gardent.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>importing</source>
        <translation>importation</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Exported to {0}.</source>
        <translation>Exportée dans {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>removing {0}</source>
        <translation>retrait de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>deleting {0}</source>
        <translation>suppression de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Imported “{0}”.</source>
        <translation>« {0} » a été importée.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width</source>
        <translation>Largeur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Height</source>
        <translation>Hauteur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Background</source>
        <translation>Arrière-plan</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Enlarge small images</source>
        <translation>Agrandir les petites images</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Radius</source>
        <translation>Rayon</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Description</source>
        <translation>Description</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep subfolders</source>
        <translation>Garder les sous-dossiers</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>If a file is there</source>
        <translation>Si un fichier est déjà là</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep the time of change</source>
        <translation>Garder la date de modification</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fast decoding of JPEG</source>
        <translation>Décodage rapide des JPEG</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Skip files that get larger</source>
        <translation>Ignorer les fichiers qui grossissent</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Gather into one file</source>
        <translation>Réunir dans un seul fichier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>File name</source>
        <translation>Nom du fichier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality</source>
        <translation>Qualité</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Without loss</source>
        <translation>Sans perte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Progressive</source>
        <translation>Progressif</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller by MozJPEG</source>
        <translation>Plus petit grâce à MozJPEG</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour detail</source>
        <translation>Détail des couleurs</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Palette</source>
        <translation>Palette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep animations</source>
        <translation>Garder les animations</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>PNG compression</source>
        <translation>Compression PNG</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>TIFF compression</source>
        <translation>Compression TIFF</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Effort</source>
        <translation>Effort</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>At most</source>
        <translation>Au plus</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Looks the same</source>
        <translation>Aspect identique</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fill the box</source>
        <translation>Remplir le cadre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scale</source>
        <translation>Échelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretch to exactly the box</source>
        <translation>Étirer exactement au cadre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How it fits</source>
        <translation>Manière d’ajuster</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the left</source>
        <translation>De la gauche</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the top</source>
        <translation>Du haut</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width to height</source>
        <translation>Largeur sur hauteur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Around</source>
        <translation>Autour de</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Tolerance</source>
        <translation>Tolérance</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Angle</source>
        <translation>Angle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Direction</source>
        <translation>Direction</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Text</source>
        <translation>Texte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Size</source>
        <translation>Taille</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Opacity</source>
        <translation>Opacité</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Margin</source>
        <translation>Marge</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Repeat all over</source>
        <translation>Répéter partout</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour</source>
        <translation>Couleur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Font file</source>
        <translation>Fichier de police</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Amount</source>
        <translation>Intensité</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Threshold</source>
        <translation>Seuil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Brightness</source>
        <translation>Luminosité</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Contrast</source>
        <translation>Contraste</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Saturation</source>
        <translation>Saturation</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile file</source>
        <translation>Fichier de profil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Density</source>
        <translation>Densité</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>px</source>
        <translation>px</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>%</source>
        <translation>%</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Strip</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, without the location</source>
        <translation>Garder, sans le lieu</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Convert to sRGB</source>
        <translation>Convertir en sRGB</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, with their profile</source>
        <translation>Garder, avec leur profil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As in the source</source>
        <translation>Comme dans la source</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>sRGB</source>
        <translation>sRGB</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Display P3</source>
        <translation>Display P3</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fill the box, cut off the rest</source>
        <translation>Remplir le cadre, couper le reste</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cover the box, cut off nothing</source>
        <translation>Couvrir le cadre, ne rien couper</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box, filled up with a colour</source>
        <translation>Dans le cadre, complété par une couleur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretched to exactly the box</source>
        <translation>Étirée exactement au cadre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye</source>
        <translation>La partie qui attire l’œil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left and right</source>
        <translation>Gauche et droite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top and bottom</source>
        <translation>Haut et bas</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:4:4, full</source>
        <translation>4:4:4, complet</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:2, half across</source>
        <translation>4:2:2, moitié en largeur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:0, half both ways</source>
        <translation>4:2:0, moitié dans les deux sens</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top left</source>
        <translation>En haut à gauche</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top</source>
        <translation>En haut</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top right</source>
        <translation>En haut à droite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left</source>
        <translation>À gauche</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Centre</source>
        <translation>Centre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Right</source>
        <translation>À droite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom left</source>
        <translation>En bas à gauche</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom</source>
        <translation>En bas</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom right</source>
        <translation>En bas à droite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>By</source>
        <translation>Par</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Add an output, or switch one on.</source>
        <translation>Ajoutez une sortie, ou activez-en une.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Give it a name.</source>
        <translation>Donnez-lui un nom.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Another output has this name.</source>
        <translation>Une autre sortie a ce nom.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a folder, or give its whole path.</source>
        <translation>Choisissez un dossier, ou donnez son chemin complet.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a file, or give its whole path.</source>
        <translation>Choisissez un fichier, ou donnez son chemin complet.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As the source</source>
        <translation>Comme la source</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As usual</source>
        <translation>Comme d’habitude</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A whole number from {low} to {high}</source>
        <translation>Un nombre entier de {low} à {high}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{low} to {high}</source>
        <translation>{low} à {high}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's name</source>
        <translation>nom de la source</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the output's name</source>
        <translation>nom de la sortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>width in pixels</source>
        <translation>largeur en pixels</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>height in pixels</source>
        <translation>hauteur en pixels</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>a counter, as 0001</source>
        <translation>un compteur, comme 0001</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>when it was taken, as 2026-11-25</source>
        <translation>date de prise de vue, comme 2026-11-25</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>folders by year and month</source>
        <translation>dossiers par année et mois</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the time of day, as 10-31-05</source>
        <translation>l’heure, comme 10-31-05</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the camera</source>
        <translation>l’appareil photo</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's suffix</source>
        <translation>extension de la source</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>What holds for all files that this recipe makes.</source>
        <translation>Ce qui vaut pour tous les fichiers que fait cette recette.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>One file that is made of each image.</source>
        <translation>Un fichier qui est fait de chaque image.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fits the image into a box, or fills the box and cuts off what stands out.</source>
        <translation>Fait entrer l’image dans un cadre, ou remplit le cadre et coupe ce qui dépasse.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scales the image. It gets larger only where you allow that.</source>
        <translation>Met l’image à l’échelle. Elle ne grandit que là où vous le permettez.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cuts out a part of the image.</source>
        <translation>Découpe une partie de l’image.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Turns the image clockwise.</source>
        <translation>Tourne l’image dans le sens horaire.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mirrors the image.</source>
        <translation>Retourne l’image en miroir.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sets the image upright by its EXIF, which is always done first.</source>
        <translation>Redresse l’image d’après son EXIF, ce qui est toujours fait d’abord.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts a text or an image onto the image.</source>
        <translation>Met un texte ou une image sur l’image.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts an even border around the image, which grows by it.</source>
        <translation>Met une bordure égale autour de l’image, qui grandit d’autant.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpens for the size of the output; best as the last step.</source>
        <translation>Accentue pour la taille de la sortie ; de préférence en dernier.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blurs the whole image.</source>
        <translation>Rend toute l’image floue.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Takes the colours away.</source>
        <translation>Enlève les couleurs.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Changes brightness, contrast and saturation.</source>
        <translation>Change la luminosité, le contraste et la saturation.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lays what is transparent on a colour.</source>
        <translation>Pose ce qui est transparent sur une couleur.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Writes this output in other colours than the rest.</source>
        <translation>Écrit cette sortie dans d’autres couleurs que les autres.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keeps or strips the metadata of this output, and names who made it.</source>
        <translation>Garde ou supprime les métadonnées de cette sortie, et nomme son auteur.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Notes the density for print. No pixel changes.</source>
        <translation>Note la densité pour l’impression. Aucun pixel ne change.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 100</source>
        <translation>sur 100</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 9</source>
        <translation>sur 9</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 10</source>
        <translation>sur 10</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>megapixels</source>
        <translation>mégapixels</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>levels of 255</source>
        <translation>niveaux sur 255</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>° clockwise</source>
        <translation>° sens horaire</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the image</source>
        <translation>% de l’image</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the shorter side</source>
        <translation>% du petit côté</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>px on each side</source>
        <translation>px de chaque côté</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>pixels per inch</source>
        <translation>pixels par pouce</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as usual</source>
        <translation>comme d’habitude</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as wide</source>
        <translation>même largeur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>in proportion</source>
        <translation>en proportion</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as for all outputs</source>
        <translation>comme pour toutes les sorties</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the app's own</source>
        <translation>celle de l’application</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>one sentence</source>
        <translation>une phrase</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>choose a folder</source>
        <translation>choisir un dossier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lets the JPEG decoder shrink; off is a little better, and slower.</source>
        <translation>Laisse le décodeur JPEG réduire ; sans, c’est un peu mieux et plus lent.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Laid under transparency where the format has none.</source>
        <translation>Posé sous la transparence quand le format n’en a pas.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file with more bytes than its source is not written.</source>
        <translation>Un fichier de plus d’octets que sa source n’est pas écrit.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The files get the time at which their source was last changed.</source>
        <translation>Les fichiers reçoivent la date de la dernière modification de leur source.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the folder, the same folders as below the folder that you add.</source>
        <translation>Dans le dossier, les mêmes dossiers que sous le dossier que vous ajoutez.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All images that are added together become the pages of one PDF or TIFF.</source>
        <translation>Toutes les images ajoutées ensemble deviennent les pages d’un PDF ou TIFF.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 10 the smallest.</source>
        <translation>0 est le plus rapide, 10 le plus petit.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 9 the smallest; the pixels are the same.</source>
        <translation>0 est le plus rapide, 9 le plus petit ; les pixels sont les mêmes.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A sixth smaller at the same quality, and slower.</source>
        <translation>Un sixième plus petit à qualité égale, et plus lent.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Shows coarse first while it is loaded.</source>
        <translation>Se montre d’abord en gros pendant le chargement.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye is found by edges, skin and strong colours.</source>
        <translation>La partie qui attire l’œil se trouve par les contours, la peau et les couleurs vives.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How far the borders that are cut off may differ in colour.</source>
        <translation>De combien les bords qui sont coupés peuvent différer en couleur.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller differences stay as they are: noise is not to be sharpened.</source>
        <translation>Les différences plus petites restent : le bruit ne doit pas être accentué.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{n} colours</source>
        <translation>{n} couleurs</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality by</source>
        <translation>Qualité par</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mark</source>
        <translation>Marque</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile</source>
        <translation>Profil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In a folder</source>
        <translation>Dans un dossier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the original's place, which goes to the trash</source>
        <translation>À la place de l’original, qui va à la corbeille</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A number</source>
        <translation>Un nombre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The size of the file</source>
        <translation>La taille du fichier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The eye: looks the same</source>
        <translation>L’œil : aspect identique</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Nothing lost</source>
        <translation>Rien n’est perdu</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width and height</source>
        <translation>Largeur et hauteur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Per cent</source>
        <translation>Pour cent</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Megapixels</source>
        <translation>Mégapixels</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Proportions</source>
        <translation>Proportions</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The borders</source>
        <translation>Les bords</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A text</source>
        <translation>Un texte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>An image file</source>
        <translation>Un fichier image</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A known one</source>
        <translation>Un profil connu</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file</source>
        <translation>Un fichier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All outputs</source>
        <translation>Toutes les sorties</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output</source>
        <translation>Sortie</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Thumbnail</source>
        <translation>Miniature</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Resize</source>
        <translation>Redimensionner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Crop</source>
        <translation>Recadrer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Rotate</source>
        <translation>Tourner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flip</source>
        <translation>Retourner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Set upright</source>
        <translation>Redresser</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Watermark</source>
        <translation>Filigrane</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Border</source>
        <translation>Bordure</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpen</source>
        <translation>Accentuer</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blur</source>
        <translation>Flouter</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Grey</source>
        <translation>Gris</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Adjust</source>
        <translation>Ajuster</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flatten</source>
        <translation>Aplatir</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour profile</source>
        <translation>Profil de couleur</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Print density</source>
        <translation>Densité d’impression</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box</source>
        <translation>Dans le cadre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The centre</source>
        <translation>Le centre</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As for all outputs</source>
        <translation>Comme pour toutes les sorties</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All colours</source>
        <translation>Toutes les couleurs</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>Outputs and operations</source>
        <translation>Sorties et opérations</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>{0}, switched off</source>
        <translation>{0}, désactivé</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Add images to the queue, or choose one,
to see what becomes of it.</source>
        <translation>Ajoutez des images à la file d’attente, ou choisissez-en une,
pour voir ce qu’elle devient.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Image to look at</source>
        <translation>Image à examiner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at another image</source>
        <translation>Examiner une autre image</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>larger than the source</source>
        <translation>plus grand que la source</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at an image</source>
        <translation>Examiner une image</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} bytes</source>
        <translation>{0} octets</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>It would not be written, as it is larger than its source.</source>
        <translation>Il ne serait pas écrit, car il est plus grand que sa source.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Being made…</source>
        <translation>En cours de création…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>About {0}, being made…</source>
        <translation>Environ {0}, en cours de création…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} smaller</source>
        <translation>{0} de moins</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} becomes {1}</source>
        <translation>{0} devient {1}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Edit it</source>
        <translation>La modifier</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Imported the recipe “{0}”, which is chosen now.</source>
        <translation>La recette « {0} » a été importée et est maintenant choisie.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Ready.</source>
        <translation>Prêt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make room on the disk, or choose another output folder; then press Start.</source>
        <translation>Faites de la place sur le disque, ou choisissez un autre dossier de sortie ; puis appuyez sur Démarrer.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose an output folder that you may write to, and retry.</source>
        <translation>Choisissez un dossier de sortie où vous pouvez écrire, et réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Change the file's permissions so that you may read it, then retry.</source>
        <translation>Changez les droits du fichier pour pouvoir le lire, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See whether there is room and a trash on that disk, or let outputs go to a folder.</source>
        <translation>Vérifiez s’il y a de la place et une corbeille sur ce disque, ou dirigez les sorties vers un dossier.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another place for the outputs than that of the original.</source>
        <translation>Choisissez pour les sorties un autre endroit que celui de l’original.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the program that uses the file, then retry.</source>
        <translation>Fermez le programme qui utilise le fichier, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk or the network connection, then retry.</source>
        <translation>Vérifiez le disque ou la connexion réseau, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The file may be damaged in a way that its decoder does not survive.</source>
        <translation>Le fichier est peut-être endommagé d’une façon que son décodeur ne supporte pas.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See in View, Machines whether it is there again, then retry.</source>
        <translation>Voyez dans Affichage, Machines si elle est revenue, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the machine has less to do, or raise the time limit in the preferences.</source>
        <translation>Réessayez quand la machine a moins à faire, ou augmentez la limite de temps dans les préférences.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Raise the memory limit in the preferences, or make the image smaller first.</source>
        <translation>Augmentez la limite de mémoire dans les préférences, ou réduisez d’abord l’image.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry it: the app ended while the image was being worked on.</source>
        <translation>Réessayez : l’application s’est terminée pendant le traitement de l’image.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Install the package that the message names, then retry.</source>
        <translation>Installez le paquet que nomme le message, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the network connection, then retry.</source>
        <translation>Vérifiez la connexion réseau, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the network is less busy; what was downloaded so far is kept.</source>
        <translation>Réessayez quand le réseau est moins chargé ; ce qui est déjà téléchargé est gardé.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Wait until the server is well again, then retry.</source>
        <translation>Attendez que le serveur soit rétabli, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the shared folder and the network between the machines, then retry.</source>
        <translation>Vérifiez le dossier partagé et le réseau entre les machines, puis réessayez.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the other Image Queue first.</source>
        <translation>Fermez d’abord l’autre Image Queue.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk and the permissions of the data folder.</source>
        <translation>Vérifiez le disque et les droits du dossier des données.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Update Image Queue to the version that wrote the queue.</source>
        <translation>Mettez Image Queue à jour vers la version qui a écrit la file d’attente.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Bring the file back to where it was, then retry; or remove it from the list.</source>
        <translation>Remettez le fichier à sa place, puis réessayez ; ou retirez-le de la liste.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Remove it from the list: this file holds no picture that can be read.</source>
        <translation>Retirez-le de la liste : ce fichier ne contient pas d’image lisible.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Get the file again from where it came from: a part of it is missing or wrong.</source>
        <translation>Reprenez le fichier là d’où il venait : une partie manque ou est fausse.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Open it in another program and save it anew: something in it ends the decoder each time.</source>
        <translation>Ouvrez-le dans un autre programme et enregistrez-le à nouveau : quelque chose y arrête chaque fois le décodeur.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make it smaller with another program first: it has too many pixels to be safe.</source>
        <translation>Réduisez-la d’abord avec un autre programme : elle a trop de pixels pour être sûre.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Look in the browser where the image has gone, and drop that link.</source>
        <translation>Cherchez dans le navigateur où est passée l’image, et déposez ce lien.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Save the image with your browser, which may be logged in; then drop the file.</source>
        <translation>Enregistrez l’image avec votre navigateur, qui est peut-être connecté ; puis déposez le fichier.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Copy the link of the image itself, and add that.</source>
        <translation>Copiez le lien de l’image elle-même, et ajoutez-le.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the date of this machine; or get the image from another place.</source>
        <translation>Vérifiez la date de cette machine ; ou prenez l’image ailleurs.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Download it with your browser, if it is to be so large; then drop the file.</source>
        <translation>Téléchargez-la avec votre navigateur, si elle doit être si grande ; puis déposez le fichier.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Add the images that the page names, or drag one of them out of the page.</source>
        <translation>Ajoutez les images que cite la page, ou glissez-en une hors de la page.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Export the queue anew on the other machine, and import that file.</source>
        <translation>Exportez de nouveau la file d’attente sur l’autre machine, et importez ce fichier.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another recipe in the window, and retry with it.</source>
        <translation>Choisissez une autre recette dans la fenêtre, et réessayez avec elle.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with a shorter or another name template, and retry with it.</source>
        <translation>Choisissez une recette dont le modèle de nom est plus court ou différent, et réessayez avec elle.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with another format in the window, and retry with it.</source>
        <translation>Choisissez dans la fenêtre une recette d’un autre format, et réessayez avec elle.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the value that the message names.</source>
        <translation>Vérifiez la valeur que nomme le message.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>This is a mistake in Image Queue. Please report it with the details below.</source>
        <translation>C’est une erreur d’Image Queue. Merci de la signaler avec les détails ci-dessous.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All {n} wait to be tried again, the next one in {when}.</source>
        <translation>Les {n} attendent toutes un nouvel essai, la prochaine dans {when}.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All done.</source>
        <translation>Tout est terminé.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you.</source>
        <translation>Mis en pause par vous.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is waiting for a worker.</source>
        <translation>1 image attend un processus.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are waiting for a worker.</source>
        <translation>{n} images attendent un processus.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is held.</source>
        <translation>1 image est retenue.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are held.</source>
        <translation>{n} images sont retenues.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; 1 failed.</source>
        <translation>Terminé ; 1 échec.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; {n} failed.</source>
        <translation>Terminé ; {n} échecs.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Pausing: {n} finishing.</source>
        <translation>Mise en pause : {n} se terminent.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} of {slots} workers busy.</source>
        <translation>{n} processus sur {slots} au travail.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image could be brought over from it.</source>
        <translation>1 image a pu en être reprise.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images could be brought over from it.</source>
        <translation>{n} images ont pu en être reprises.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly; nothing was lost.</source>
        <translation>Image Queue s’est fermé de façon inattendue ; rien n’a été perdu.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly.</source>
        <translation>Image Queue s’est fermé de façon inattendue.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image was made on another machine while Image Queue was closed.</source>
        <translation>1 image a été faite sur une autre machine pendant qu’Image Queue était fermé.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images were made on other machines while Image Queue was closed.</source>
        <translation>{n} images ont été faites sur d’autres machines pendant qu’Image Queue était fermé.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused: {reason}</source>
        <translation>En pause : {reason}</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you, {n} waiting.</source>
        <translation>Mis en pause par vous, {n} en attente.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image waits to be tried again, in {when}.</source>
        <translation>1 image attend un nouvel essai, dans {when}.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The queue's file was damaged. It was kept as {path}, and a new one was made.</source>
        <translation>Le fichier de la file d’attente était endommagé. Il a été gardé sous {path}, et un nouveau a été créé.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 running image was put back.</source>
        <translation>1 image en cours a été remise en attente.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} running images were put back.</source>
        <translation>{n} images en cours ont été remises en attente.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 was complete.</source>
        <translation>1 était complète.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} were complete.</source>
        <translation>{n} étaient complètes.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 had no attempt left.</source>
        <translation>1 n’avait plus de tentative.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} had no attempt left.</source>
        <translation>{n} n’avaient plus de tentative.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Diagnostics</source>
        <translation>Diagnostic</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>When you report a mistake, add this text, and a line on what you did.</source>
        <translation>Quand vous signalez une erreur, joignez ce texte, et une ligne sur ce que vous avez fait.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>With the &amp;paths of my files</source>
        <translation>Avec les &amp;chemins de mes fichiers</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>What was being worked on</source>
        <translation>Ce qui était en cours</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>These images were being worked on when Image Queue closed unexpectedly.</source>
        <translation>Ces images étaient en cours quand Image Queue s’est fermé de façon inattendue.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>complete</source>
        <translation>complète</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Details</source>
        <translation>Détails</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>put back, attempt {0} of {1} used</source>
        <translation>remise en attente, tentative {0} sur {1} utilisée</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>There are up to {0:g} s to finish. Everything else stays in the queue, and goes on at the next start.</source>
        <translation>Il reste jusqu’à {0:g} s pour terminer. Tout le reste demeure dans la file d’attente et continue au prochain démarrage.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>What other machines have begun goes on there.</source>
        <translation>Ce que d’autres machines ont commencé continue là-bas.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>The queue cannot be opened.</source>
        <translation>La file d’attente ne peut pas être ouverte.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit</source>
        <translation>Quitter</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Close</source>
        <translation>Fermer</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Keep working</source>
        <translation>Continuer le travail</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while 1 image is being worked on?</source>
        <translation>Quitter pendant qu’une image est en cours ?</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while {n} images are being worked on?</source>
        <translation>Quitter pendant que {n} images sont en cours ?</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>All</source>
        <translation>Toutes</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Waiting</source>
        <translation>En attente</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Cancelled</source>
        <translation>Annulée</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Which images are listed</source>
        <translation>Quelles images sont listées</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Find by name or folder</source>
        <translation>Chercher par nom ou dossier</translation>
    </message>
    <message>
        <location filename="../../gui/tasks.py"/>
        <source>Image Queue made a mistake ({kind}): {error}</source>
        <translation>Image Queue a fait une erreur ({kind}) : {error}</translation>
    </message>
    <message>
        <location filename="../../gui/tray.py"/>
        <source>Show Image Queue</source>
        <translation>Afficher Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>adding of {0}</source>
        <translation>ajout de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>import of {0}</source>
        <translation>importation de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>making {0} again</source>
        <translation>nouvelle création de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>removal of {0}</source>
        <translation>retrait de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>cancelling of {0}</source>
        <translation>annulation de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>holding of {0}</source>
        <translation>mise en attente de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>release of {0}</source>
        <translation>reprise de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>retry of {0}</source>
        <translation>nouvel essai de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new priority of {0}</source>
        <translation>nouvelle priorité de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>moving of {0}</source>
        <translation>déplacement de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new recipe of {0}</source>
        <translation>nouvelle recette de {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo {0}</source>
        <translation>&amp;Annuler : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo {0}</source>
        <translation>Réta&amp;blir : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>1 image has run or was changed since, and stays as it is.</source>
        <translation>1 image a été traitée ou modifiée entre-temps et reste telle quelle.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{n} images have run or were changed since, and stay as they are.</source>
        <translation>{n} images ont été traitées ou modifiées entre-temps et restent telles quelles.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undoing…</source>
        <translation>Annulation…</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undone: {0}.</source>
        <translation>Annulé : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Doing it again…</source>
        <translation>Rétablissement…</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Done again: {0}.</source>
        <translation>Rétabli : {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{0} % are done.</source>
        <translation>{0} % sont faits.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved 1 file to the trash.</source>
        <translation>1 fichier mis à la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved {n} files to the trash.</source>
        <translation>{n} fichiers mis à la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the file that was made to the trash?</source>
        <translation>Mettre à la corbeille le fichier créé ?</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the {n} files that were made to the trash?</source>
        <translation>Mettre à la corbeille les {n} fichiers créés ?</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moving to the trash: {0} %</source>
        <translation>Mise à la corbeille : {0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original comes back from the trash.</source>
        <translation>1 original revient de la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals come back from the trash.</source>
        <translation>{n} originaux reviennent de la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original is back.</source>
        <translation>1 original est de retour.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals are back.</source>
        <translation>{n} originaux sont de retour.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file was changed since and stays.</source>
        <translation>1 fichier a été modifié depuis et reste.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files were changed since and stay.</source>
        <translation>{n} fichiers ont été modifiés depuis et restent.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file is there no more.</source>
        <translation>1 fichier n’est plus là.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files are there no more.</source>
        <translation>{n} fichiers ne sont plus là.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of 1 file it is not known whether it was changed; it stays.</source>
        <translation>Pour 1 fichier, on ne sait pas s’il a été modifié ; il reste.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of {n} files it is not known whether they were changed; they stay.</source>
        <translation>Pour {n} fichiers, on ne sait pas s’ils ont été modifiés ; ils restent.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file stays, as the original that it replaced cannot be brought back: look for that in the trash.</source>
        <translation>1 fichier reste, car l’original qu’il a remplacé ne peut pas être rétabli : cherchez-le dans la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files stay, as the originals that they replaced cannot be brought back: look for those in the trash.</source>
        <translation>{n} fichiers restent, car les originaux qu’ils ont remplacés ne peuvent pas être rétablis : cherchez-les dans la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file could not be moved and stays.</source>
        <translation>1 fichier n’a pas pu être déplacé et reste.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files could not be moved and stay.</source>
        <translation>{n} fichiers n’ont pas pu être déplacés et restent.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Looking at what was made: {0} %</source>
        <translation>Examen des fichiers créés : {0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Nothing can be moved to the trash.</source>
        <translation>Rien ne peut être mis à la corbeille.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>They were made of {0}.</source>
        <translation>Ils ont été créés à partir de {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move to the trash</source>
        <translation>Mettre à la corbeille</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stop</source>
        <translation>Arrêter</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stopped.</source>
        <translation>Arrêté.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>No folder is watched yet. Add one, and what arrives in it is queued by itself.</source>
        <translation>Aucun dossier n’est encore surveillé. Ajoutez-en un, et ce qui y arrive entre de lui-même dans la file d’attente.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Watched folders</source>
        <translation>Dossiers surveillés</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Images that arrive in these folders are added when they have stopped growing, also those that arrived while Image Queue was closed. A folder that you add gets the recipe, the output folder and the rule that are chosen in the window now.</source>
        <translation>Les images qui arrivent dans ces dossiers sont ajoutées quand elles ont cessé de grossir, y compris celles arrivées pendant qu’Image Queue était fermé. Un dossier que vous ajoutez reçoit la recette, le dossier de sortie et la règle qui sont choisis maintenant dans la fenêtre.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Priority of a folder that you add:</source>
        <translation>&amp;Priorité d’un dossier que vous ajoutez :</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Add a folder…</source>
        <translation>&amp;Ajouter un dossier…</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Remove</source>
        <translation>&amp;Retirer</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Choose a folder to watch</source>
        <translation>Choisir un dossier à surveiller</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>How it is</source>
        <translation>Où il en est</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Not watched yet.</source>
        <translation>Pas encore surveillé.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When &amp;done</source>
        <translation>À la &amp;fin</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>What is done when all images are done; until the app is closed</source>
        <translation>Ce qui est fait quand toutes les images sont terminées ; jusqu’à la fermeture de l’application</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Do &amp;nothing more</source>
        <translation>&amp;Ne rien faire de plus</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Notify me</source>
        <translation>Me &amp;prévenir</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Open the folder</source>
        <translation>&amp;Ouvrir le dossier</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Sleep</source>
        <translation>Mettre en &amp;veille</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Shut &amp;down</source>
        <translation>É&amp;teindre</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When done: {0}</source>
        <translation>À la fin : {0}</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. Image Queue quits in {0} s.</source>
        <translation>Tout est terminé. Image Queue se ferme dans {0} s.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine goes to sleep in {0} s.</source>
        <translation>Tout est terminé. La machine se met en veille dans {0} s.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine shuts down in {0} s.</source>
        <translation>Tout est terminé. La machine s’éteint dans {0} s.</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>GB</source>
        <translation>Go</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>TB</source>
        <translation>To</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>1 image</source>
        <translation>1 image</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} images</source>
        <translation>{n} images</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>a few seconds left</source>
        <translation>encore quelques secondes</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>is </source>
        <translation>est </translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{h} h {m} min</source>
        <translation>{h} h {m} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {h} h {m:02} min left</source>
        <translation>encore environ {h} h {m:02} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>High</source>
        <translation>Haute</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Normal</source>
        <translation>Normale</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Low</source>
        <translation>Basse</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Queued</source>
        <translation>En attente</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Retrying</source>
        <translation>Nouvel essai</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Held</source>
        <translation>Retenue</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Interrupted</source>
        <translation>Interrompue</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>On {0}</source>
        <translation>Sur {0}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>This computer, {0}</source>
        <translation>Cet ordinateur, {0}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>B</source>
        <translation>o</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} s</source>
        <translation>{n} s</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{m} min {s} s</source>
        <translation>{m} min {s} s</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {n} s left</source>
        <translation>encore environ {n} s</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {n} min left</source>
        <translation>encore environ {n} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} of {most}</source>
        <translation>{n} sur {most}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{name} (several images)</source>
        <translation>{name} (plusieurs images)</translation>
    </message>
</context>
<context>
    <name>core</name>
    <message>
        <location filename="../../core/after.py"/>
        <source>The command after an image failed: {0} Each image has a note on its own.</source>
        <translation>La commande après une image a échoué : {0} Chaque image a sa propre note à ce sujet.</translation>
    </message>
    <message>
        <location filename="../../core/batch_report.py"/>
        <source>A report is a .csv or a .json file, and not {0}.</source>
        <translation>Un rapport est un fichier .csv ou .json, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} ended with {1}{2}{3}.</source>
        <translation>{0} s’est terminé avec {1}{2}{3}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command as one text.</source>
        <translation>{0} prend une commande en un seul texte.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command without a zero in it.</source>
        <translation>{0} prend une commande sans caractère nul.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} took longer than {1} seconds, and was ended.</source>
        <translation>{0} a pris plus de {1} secondes, et a été arrêté.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command; in {1} a quotation does not end.</source>
        <translation>{0} prend une commande ; dans {1}, un guillemet n’est pas fermé.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {{outputs}} as a word by itself.</source>
        <translation>{0} prend {{outputs}} comme un mot à part.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} could not be started: {1}.</source>
        <translation>{0} n’a pas pu être lancé : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {1}, not {{{2}}}.</source>
        <translation>{0} prend {1}, et non {{{2}}}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a shell's script, where a file's name could be a command: give it behind it, as in sh -c 'cp "$1" /backup' sh {{output}}.</source>
        <translation>{0} ne prend pas {{{1}}} dans le script d’un shell, où le nom d’un fichier pourrait être une commande : donnez-le derrière, comme dans sh -c 'cp "$1" /backup' sh {{output}}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a program's code, where a file's name could be a part of it: give it behind it, as an argument.</source>
        <translation>{0} ne prend pas {{{1}}} dans le code d’un programme, où le nom d’un fichier pourrait en être une partie : donnez-le derrière, comme argument.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} behind ssh or the like: a shell on the other machine reads it, where a file's name could be a command. Use rsync or scp, or a script.</source>
        <translation>{0} ne prend pas {{{1}}} derrière ssh ou semblable : un shell sur l’autre machine le lit, où le nom d’un fichier pourrait être une commande. Employez rsync ou scp, ou un script.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} could not be {1}: {2}.</source>
        <translation>{0} n’a pas pu être {1} : {2}.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The disk with {0} is full.</source>
        <translation>Le disque qui contient {0} est plein.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be read: permission denied.</source>
        <translation>{0} ne peut pas être lu : accès refusé.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>There is no file {0}.</source>
        <translation>Il n’y a pas de fichier {0}.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} leads nowhere: it is a link that goes round in a circle.</source>
        <translation>{0} ne mène nulle part : c’est un lien qui tourne en rond.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a folder, not an image.</source>
        <translation>{0} est un dossier, pas une image.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The name {0}… is longer than this disk allows.</source>
        <translation>Le nom {0}… est plus long que ce disque ne le permet.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} is in use by another program.</source>
        <translation>{0} est utilisé par un autre programme.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/slot.py"/>
        <location filename="../../core/worker.py"/>
        <source>The image needs more memory than a worker may use.</source>
        <translation>L’image demande plus de mémoire qu’un processus ne peut en employer.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be written: permission denied or read-only.</source>
        <translation>{0} ne peut pas être écrit : accès refusé ou lecture seule.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The folder for {0} is not there.</source>
        <translation>Le dossier pour {0} n’est pas là.</translation>
    </message>
    <message>
        <location filename="../../core/formats.py"/>
        <source>{0} needs {1}, which is not installed.</source>
        <translation>{0} a besoin de {1}, qui n’est pas installé.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>The animation was reduced to its first frame.</source>
        <translation>L’animation a été réduite à sa première image.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The output {0} of {1} would have {2} frames of {3} × {4} pixels, {5} megapixels; the limit is {6}.</source>
        <translation>La sortie {0} de {1} aurait {2} images de {3} × {4} pixels, {5} mégapixels ; la limite est {6}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>An animated PNG keeps all its colours.</source>
        <translation>Un PNG animé garde toutes ses couleurs.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation goes on without an end: Pillow cannot say anything else in an AVIF.</source>
        <translation>L’animation continue sans fin : Pillow ne peut rien dire d’autre dans un AVIF.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>{0} has a frame of too many megapixels; {1}.</source>
        <translation>{0} a une image de trop de mégapixels ; {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation cannot be written as {0}: {1}.</source>
        <translation>L’animation ne peut pas être écrite en {0} : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its samples of more than 8 bits were reduced to 8.</source>
        <translation>Ses échantillons de plus de 8 bits ont été réduits à 8.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>The colour profile is broken or of another kind, and was left out.</source>
        <translation>Le profil de couleur est défectueux ou d’un autre genre, et a été laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its 32-bit samples were brought to 8 bits.</source>
        <translation>Ses échantillons de 32 bits ont été ramenés à 8 bits.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/credits.py"/>
        <source>The XMP could not be changed, and was left out for the copyright and the author.</source>
        <translation>Le XMP n’a pas pu être modifié, et a été laissé de côté pour le copyright et l’auteur.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} {1} × {2} pixels, {3} mégapixels ; la limite est {4}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has {1} {2} of {3} × {4} pixels, {5} megapixels to decode; the limit is {6}.</source>
        <translation>{0} a {1} {2} de {3} × {4} pixels, {5} mégapixels à décoder ; la limite est {6}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a device or a pipe, not an image file.</source>
        <translation>{0} est un périphérique ou un tube, pas un fichier image.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is empty.</source>
        <translation>{0} est vide.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has at least {1} frames; the limit is {2}.</source>
        <translation>{0} a au moins {1} images ; la limite est {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is no path of a file: {1}.</source>
        <translation>{0} n’est pas le chemin d’un fichier : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is not an image that can be read ({1}).</source>
        <translation>{0} n’est pas une image qui peut être lue ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/imaging/delivery.py"/>
        <source>What another machine wrote into {0} cannot be read here.</source>
        <translation>Ce qu’une autre machine a écrit dans {0} ne peut pas être lu ici.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The metadata was left out: {0} has no place for it.</source>
        <translation>Les métadonnées ont été laissées de côté : {0} n’a pas de place pour elles.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>{0} holds at most {1} pixels along a side; the output has {2} × {3}.</source>
        <translation>{0} contient au plus {1} pixels par côté ; la sortie a {2} × {3}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The image cannot be written as {0}: {1}.</source>
        <translation>L’image ne peut pas être écrite en {0} : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The IPTC was left out: it is kept in JPEG alone, and this is {0}.</source>
        <translation>L’IPTC a été laissé de côté : il n’est gardé qu’en JPEG, et ceci est {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/linked.py"/>
        <source>folder takes an absolute path for a link: there is nothing beside it.</source>
        <translation>folder prend un chemin absolu pour un lien : il n’y a rien à côté.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/made.py"/>
        <source>Up to date: {0}{1} {2} made of it before, and nothing has changed since.</source>
        <translation>À jour : {0}{1} {2} fait auparavant, et rien n’a changé depuis.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/manifest.py"/>
        <source>What another machine made did not arrive as it should: {0}.</source>
        <translation>Ce qu’une autre machine a produit n’est pas arrivé comme il le devait : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The EXIF is broken and was left out.</source>
        <translation>L’EXIF est défectueux et a été laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The XMP says the place in a way that cannot be taken out, and was left out.</source>
        <translation>Le XMP dit le lieu d’une façon qui ne peut pas être retirée, et a été laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The {0} is longer than a JPEG can hold and was left out.</source>
        <translation>{0} : plus long que ce qu’un JPEG peut contenir, laissé de côté.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>The name {0}… is longer than the {1} bytes that a file name can have.</source>
        <translation>Le nom {0}… est plus long que les {1} octets qu’un nom de fichier peut avoir.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it would leave the target folder of {1}.</source>
        <translation>{0} n’est pas un nom de fichier : il quitterait le dossier cible de {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it cannot be written in this system's encoding.</source>
        <translation>{0} n’est pas un nom de fichier : il ne peut pas être écrit dans l’encodage de ce système.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>Choose another place for what is made.</source>
        <translation>Choisissez un autre endroit pour ce qui est fait.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>There are too many files named like {0}; what was made is {1}.</source>
        <translation>Il y a trop de fichiers nommés comme {0} ; ce qui a été fait est {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} was changed while it was worked on, and was not replaced.</source>
        <translation>{0} a été modifié pendant le travail, et n’a pas été remplacé.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} could not be moved to the trash{1}, and stays as it is.</source>
        <translation>{0} n’a pas pu être mis à la corbeille{1}, et reste tel quel.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} is in the trash, and what was made of it could not get its name ({1}): it is kept as {2}.</source>
        <translation>{0} est à la corbeille, et ce qui en a été fait n’a pas pu recevoir son nom ({1}) : il est gardé sous {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the first of {0} pages was used.</source>
        <translation>Seule la première de {0} pages a été utilisée.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the main one of {0} images was used.</source>
        <translation>Seule la principale de {0} images a été utilisée.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} is no list of images.</source>
        <translation>{0} n’est pas une liste d’images.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} has more than {1} pages.</source>
        <translation>{0} a plus de {1} pages.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>The pages cannot be written as {0}: {1}.</source>
        <translation>Les pages ne peuvent pas être écrites en {0} : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>Its colours were converted to sRGB: {0} holds no colour profile.</source>
        <translation>Ses couleurs ont été converties en sRGB : {0} ne contient pas de profil de couleur.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>{0} cannot hold the {1} colours of the profile.</source>
        <translation>{0} ne peut pas contenir les couleurs {1} du profil.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/plan.py"/>
        <source>crop takes a box inside the image; it begins at {0}, {1}, and the image has {2} × {3} pixels.</source>
        <translation>crop prend un cadre dans l’image ; il commence à {0}, {1}, et l’image a {2} × {3} pixels.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0}, and the source is not newer.</source>
        <translation>{0}, et la source n’est pas plus récente.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has colours of more than 8 bits, of which only 8 can be kept.</source>
        <translation>{0} a des couleurs de plus de 8 bits, dont seuls 8 peuvent être gardés.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has samples of a kind that {1} cannot hold exactly.</source>
        <translation>{0} a des échantillons d’un genre que {1} ne peut pas contenir exactement.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has CMYK colours, which {1} cannot hold exactly.</source>
        <translation>{0} a des couleurs CMJN, que {1} ne peut pas contenir exactement.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} is the same as {1} here, and was made once.</source>
        <translation>{0} est ici identique à {1}, et n’a été fait qu’une fois.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} and {1} would both be {2}; put {{output}} into the name template.</source>
        <translation>{0} et {1} seraient tous deux {2} ; mettez {{output}} dans le modèle de nom.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would be larger than its source: {1} bytes instead of {2}.</source>
        <translation>{0} serait plus grand que sa source : {1} octets au lieu de {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and was kept.</source>
        <translation>{0} est déjà là et a été gardé.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and would be kept.</source>
        <translation>{0} est déjà là et serait gardé.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would go to the trash.</source>
        <translation>{0} irait à la corbeille.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} stays: nothing in it would change.</source>
        <translation>{0} reste : rien n’y changerait.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>It would be downloaded first.</source>
        <translation>Elle serait d’abord téléchargée.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>Its server would be asked whether it has changed since it was made.</source>
        <translation>Son serveur serait interrogé pour savoir si elle a changé depuis.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/profiles.py"/>
        <source>profile.file {0} is no colour profile for RGB, CMYK or grey.</source>
        <translation>profile.file {0} n’est pas un profil de couleur pour RVB, CMJN ou gris.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>There are too many files named like {0}.</source>
        <translation>Il y a trop de fichiers nommés comme {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: what was read back differs.</source>
        <translation>{0} n’a pas pu être écrit : ce qui a été relu diffère.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: its size is not what it should be.</source>
        <translation>{0} n’a pas pu être écrit : sa taille n’est pas celle attendue.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made was replaced while it was looked at.</source>
        <translation>Ce qu’une autre machine a produit a été remplacé pendant sa vérification.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: it cannot be read back.</source>
        <translation>{0} n’a pas pu être écrit : il ne peut pas être relu.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made did not arrive as it should: it is gone.</source>
        <translation>Ce qu’une autre machine a produit n’est pas arrivé comme il le devait : cela a disparu.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} is the source itself, which is never changed; choose another folder, or another name for the output.</source>
        <translation>{0} est la source elle-même, qui n’est jamais modifiée ; choisissez un autre dossier, ou un autre nom pour la sortie.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>Other files keep taking the name {0}.</source>
        <translation>D’autres fichiers prennent sans cesse le nom {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image was reduced to {0} × {1} pixels to stay within {2} bytes.</source>
        <translation>L’image a été réduite à {0} × {1} pixels pour rester sous {2} octets.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image cannot be made as small as {0} bytes.</source>
        <translation>L’image ne peut pas être réduite à {0} octets.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>Quality {0} is the lowest at which it looks the same.</source>
        <translation>La qualité {0} est la plus basse où l’aspect est identique.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The file cannot be made as small as {0} bytes.</source>
        <translation>Le fichier ne peut pas être réduit à {0} octets.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The quality was lowered from {0} to {1} to stay within {2} bytes.</source>
        <translation>La qualité a été abaissée de {0} à {1} pour rester sous {2} octets.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/__init__.py"/>
        <source>{0} needs {1}, which does not work: {2}.</source>
        <translation>{0} a besoin de {1}, qui ne fonctionne pas : {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/svg.py"/>
        <source>SVG needs pyvips[binary], which does not work: libvips cannot be loaded.</source>
        <translation>SVG a besoin de pyvips[binary], qui ne fonctionne pas : libvips ne peut pas être chargé.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} is in the trash, and what was made of it has no name yet.</source>
        <translation>{0} est dans la corbeille, et ce qui en a été fait n’a pas encore de nom.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} was changed while it was worked on.</source>
        <translation>{0} a été modifié pendant qu’on y travaillait.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/watermark.py"/>
        <source>watermark.font {0} cannot be used: {1}.</source>
        <translation>watermark.font {0} ne peut pas être utilisé : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>No images were found.</source>
        <translation>Aucune image n’a été trouvée.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>What is made of {0} goes to {1}{2}.</source>
        <translation>Ce qui est fait de {0} va dans {1}{2}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>{0} could have the name of another and {1} a number.</source>
        <translation>{0} pourrait avoir le nom d’un autre, {1} un numéro.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>A recipe that gathers needs a folder to keep lists in.</source>
        <translation>Une recette qui réunit a besoin d’un dossier où garder ses listes.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} in {1} would leave the archive's folder.</source>
        <translation>{0} dans {1} quitterait le dossier de l’archive.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by a pattern.</source>
        <translation>{0} est laissé de côté par un motif.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} was not unpacked to its end: {1}.</source>
        <translation>{0} n’a pas été décompressé jusqu’au bout : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} cannot be read: {1}.</source>
        <translation>L’archive {0} ne peut pas être lue : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is an archive in an archive, which is not opened.</source>
        <translation>{0} est une archive dans une archive, qui n’est pas ouverte.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} is damaged: {1}.</source>
        <translation>L’archive {0} est endommagée : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <location filename="../../core/intake/foreign.py"/>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not an image that can be read.</source>
        <translation>{0} n’est pas une image qui peut être lue.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by its format or size.</source>
        <translation>{0} est laissé de côté par son format ou sa taille.</translation>
    </message>
    <message>
        <location filename="../../core/intake/batches.py"/>
        <source>{0} is no link that can be followed.</source>
        <translation>{0} n’est pas un lien qui peut être suivi.</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} has more than {1} MB.</source>
        <translation>{0} a plus de {1} Mo.</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} is empty: the program that it comes from did not give it.</source>
        <translation>{0} est vide : le programme dont il vient ne l’a pas donné.</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} was made of the others.</source>
        <translation>{0} a été fait à partir des autres.</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} is a link, which cannot become a page: save it first.</source>
        <translation>{0} est un lien, qui ne peut pas devenir une page : enregistrez-le d’abord.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not a file.</source>
        <translation>{0} n’est pas un fichier.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The link {0} leads nowhere.</source>
        <translation>Le lien {0} ne mène nulle part.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} was made by this recipe from the image beside it.</source>
        <translation>{0} a été fait par cette recette à partir de l’image à côté.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is an archive; those in folders are opened only when asked to.</source>
        <translation>{0} est une archive ; celles des dossiers ne sont ouvertes que sur demande.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out: it is the folder for what is made.</source>
        <translation>{0} est laissé de côté : c’est le dossier de ce qui est fait.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The folder {0} cannot be read: {1}.</source>
        <translation>Le dossier {0} ne peut pas être lu : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out by the settings for folders.</source>
        <translation>{0} est laissé de côté par les réglages pour les dossiers.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>A size is a number of bytes such as 500, 20k or 1.5M, not {0}.</source>
        <translation>Une taille est un nombre d’octets comme 500, 20k ou 1.5M, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>only_formats takes some of {0}, not {1}.</source>
        <translation>only_formats prend certains de {0}, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number of bytes.</source>
        <translation>min_bytes prend un nombre entier d’octets.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number from 0 to {0}.</source>
        <translation>min_bytes prend un nombre entier de 0 à {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>hidden and archives take true or false.</source>
        <translation>hidden et archives prennent true ou false.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>{0} takes a list of texts.</source>
        <translation>{0} prend une liste de textes.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>ignore takes patterns as a .gitignore has them: {0}.</source>
        <translation>ignore prend des motifs comme dans un .gitignore : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes a list of folders.</source>
        <translation>watched prend une liste de dossiers.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes each folder once.</source>
        <translation>watched prend chaque dossier une fois.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path and a recipe, which are texts.</source>
        <translation>watched prend des dossiers avec un chemin et une recette, qui sont des textes.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes absolute paths of folders.</source>
        <translation>watched prend des chemins absolus de dossiers.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.existing takes one of {0}.</source>
        <translation>watched.existing prend l’un de {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.priority takes a whole number.</source>
        <translation>watched.priority prend un nombre entier.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path, a recipe and a priority: {0}.</source>
        <translation>watched prend des dossiers avec un chemin, une recette et une priorité : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watches.py"/>
        <source>The queue takes nothing just now.</source>
        <translation>La file d’attente ne prend rien en ce moment.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder is not there; it is waited for.</source>
        <translation>Le dossier n’est pas là ; il est attendu.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>Watching.</source>
        <translation>Surveillé.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder cannot be watched just now: {0}.</source>
        <translation>Le dossier ne peut pas être surveillé en ce moment : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server {0} does not give {1} ({2}).</source>
        <translation>Le serveur {0} ne donne pas {1} ({2}).</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is a page, not an image; it names {1}.</source>
        <translation>{0} est une page, pas une image ; elle cite {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads to {1}, and only http and https are followed.</source>
        <translation>{0} mène à {1}, et seuls http et https sont suivis.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>It asks to be left alone for {0} seconds.</source>
        <translation>Il demande à être laissé tranquille {0} secondes.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>There is nothing at {0} ({1}).</source>
        <translation>Il n’y a rien à {0} ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>What is at {0} has more than {1}.</source>
        <translation>Ce qui est à {0} a plus de {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} took longer than {1} seconds to download.</source>
        <translation>{0} a mis plus de {1} secondes à se télécharger.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} does not answer in time.</source>
        <translation>Le serveur de {0} ne répond pas à temps.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is no link that can be followed: {1}.</source>
        <translation>{0} n’est pas un lien qui peut être suivi : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} could not be downloaded: {1}.</source>
        <translation>{0} n’a pas pu être téléchargé : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The proxy that the environment names cannot be used: {0}.</source>
        <translation>Le proxy que nomme l’environnement ne peut pas être utilisé : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads in a circle.</source>
        <translation>{0} tourne en rond.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads on and on, more than {1} times.</source>
        <translation>{0} renvoie sans fin, plus de {1} fois.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} was to have {1} bytes, and {2} came.</source>
        <translation>{0} devait avoir {1} octets, et {2} sont arrivés.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} cannot show that it is what it says: {1}.</source>
        <translation>Le serveur de {0} ne peut pas prouver qu’il est ce qu’il dit : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/migrations.py"/>
        <source>The queue in {0} was written by a newer version of Image Queue (layout {1}, this one knows {2}). Please update; nothing was changed.</source>
        <translation>La file d’attente dans {0} a été écrite par une version plus récente d’Image Queue (format {1}, celle-ci connaît {2}). Veuillez mettre à jour ; rien n’a été modifié.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/draft.py"/>
        <source>operations.do takes one of {0}, not {1}.</source>
        <translation>operations.do prend l’un de {0}, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} has no field {1}; it takes {2}.</source>
        <translation>{0} n’a pas de champ {1} ; il prend {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <source>{0} lacks a field; it also takes {1}.</source>
        <translation>Il manque un champ à {0} ; il prend aussi {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>profile takes to or file.</source>
        <translation>profile prend to ou file.</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>metadata takes policy, copyright or author.</source>
        <translation>metadata prend policy, copyright ou author.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} prend un nombre entier de {1} à {2}, et non {3}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a number from {1} to {2}, not {3}.</source>
        <translation>{0} prend un nombre de {1} à {2}, et non {3}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes true or false, not {1}.</source>
        <translation>{0} prend true ou false, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes one of {1}, not {2}.</source>
        <translation>{0} prend l’un de {1}, et non {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a colour such as "#ffffff"{1}, not {2}.</source>
        <translation>{0} prend une couleur comme "#ffffff"{1}, et non {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes the absolute path of a file, not {1}.</source>
        <translation>{0} prend le chemin absolu d’un fichier, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a text of 1 to {1} characters, not {2}.</source>
        <translation>{0} prend un texte de 1 à {1} caractères, et non {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize takes width, height or both, or else percent, or else megapixels.</source>
        <translation>resize prend width, height ou les deux, ou bien percent, ou bien megapixels.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.exact takes both width and height.</source>
        <translation>resize.exact prend width et height.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" takes both width and height.</source>
        <translation>resize.mode "{0}" prend width et height.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" and exact exclude each other.</source>
        <translation>resize.mode "{0}" et exact s’excluent.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.background takes the mode "pad".</source>
        <translation>resize.background prend le mode "pad".</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.around places the box by itself, without left and top.</source>
        <translation>crop.around place le cadre de lui-même, sans left ni top.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.trim is given alone.</source>
        <translation>crop.trim se donne seul.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.ratio takes width to height such as "16:9", not {0}.</source>
        <translation>crop.ratio prend la largeur sur la hauteur comme "16:9", et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop takes a box (left, top, width, height) or a ratio, not both.</source>
        <translation>crop prend un cadre (left, top, width, height) ou une proportion, pas les deux.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>border takes width or percent.</source>
        <translation>border prend width ou percent.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark takes text or image.</source>
        <translation>watermark prend text ou image.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark.font takes a text.</source>
        <translation>watermark.font prend un texte.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Process {0}{1} is using the queue in {2}.</source>
        <translation>Le processus {0}{1} utilise la file d’attente dans {2}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Another process is using the queue in {0}.</source>
        <translation>Un autre processus utilise la file d’attente dans {0}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Image Queue made a mistake: {0}.</source>
        <translation>Image Queue a fait une erreur : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>The data folder {0} cannot be used: {1}.</source>
        <translation>Le dossier des données {0} ne peut pas être utilisé : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It does not answer.</source>
        <translation>Il ne répond pas.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It did not answer in time.</source>
        <translation>Il n’a pas répondu à temps.</translation>
    </message>
    <message>
        <location filename="../../core/queue.py"/>
        <source>Image Queue closed unexpectedly while this image was being worked on.</source>
        <translation>Image Queue s’est fermé de façon inattendue pendant le traitement de cette image.</translation>
    </message>
    <message>
        <location filename="../../core/queue_reads.py"/>
        <location filename="../../core/store_writer.py"/>
        <source>The queue is not open.</source>
        <translation>La file d’attente n’est pas ouverte.</translation>
    </message>
    <message>
        <location filename="../../core/queue_wishes.py"/>
        <source>{0} is a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} est un nombre entier de {1} à {2}, et non {3}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>outputs takes one at least that is switched on.</source>
        <translation>outputs en prend au moins une qui est activée.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes a list of tables, not {0}.</source>
        <translation>outputs.operations prend une liste de tables, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>{0} takes tables, not {1}.</source>
        <translation>{0} prend des tables, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>There is no field {0}; there are {1}.</source>
        <translation>Il n’y a pas de champ {0} ; il y a {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>There is no recipe {0}; there are: {1}.</source>
        <translation>Il n’y a pas de recette {0} ; il y a : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>A size is "WxH" or one number, in pixels from 1 to {0}, not {1}.</source>
        <translation>Une taille est "WxH" ou un nombre, en pixels de 1 à {0}, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>The recipe is not TOML: {0}.</source>
        <translation>La recette n’est pas du TOML : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>{0} is not a recipe: it is not UTF-8 text.</source>
        <translation>{0} n’est pas une recette : ce n’est pas du texte UTF-8.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>Nothing to make: give a thumbnail, a size, a format, a quality or a limit.</source>
        <translation>Rien à faire : donnez une miniature, une taille, un format, une qualité ou une limite.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it has more than {1} bytes.</source>
        <translation>{0} n’est pas une recette : il a plus de {1} octets.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it is not UTF-8 text.</source>
        <translation>{0} n’est pas une recette : ce n’est pas du texte UTF-8.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a name such as {{stem}}-{{output}}, not {0}.</source>
        <translation>outputs.template prend un nom comme {{stem}}-{{output}}, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} holds a sign that no name can have.</source>
        <translation>outputs.template {0} contient un signe qu’aucun nom ne peut avoir.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} leaves the target folder, or has a folder without a name.</source>
        <translation>outputs.template {0} quitte le dossier cible, ou a un dossier sans nom.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{{0}}} as it is, not {{{1}:{2}}}.</source>
        <translation>outputs.template prend {{{0}}} tel quel, et non {{{1}:{2}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a pattern such as {{{0}:%Y-%m}}, of {1} and signs that a name can have, not {{{2}:{3}}}.</source>
        <translation>outputs.template prend un motif comme {{{0}:%Y-%m}}, fait de {1} et de signes qu’un nom peut avoir, et non {{{2}:{3}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} cannot be read: {1}.</source>
        <translation>outputs.template {0} ne peut pas être lu : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {0}, not {{{1}}}.</source>
        <translation>outputs.template prend {0}, et non {{{1}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{index:04}}, with a width from 01 to 012, not {{index:{0}}}.</source>
        <translation>outputs.template prend {{index:04}}, avec une largeur de 01 à 012, et non {{index:{0}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not a JSON object.</source>
        <translation>La recette n’est pas un objet JSON.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes a list, not {1}.</source>
        <translation>{0} prend une liste, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes tables, not {0}.</source>
        <translation>outputs prend des tables, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name takes a name, not {0}.</source>
        <translation>outputs.name prend un nom, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name {0} holds a folder separator.</source>
        <translation>outputs.name {0} contient un séparateur de dossiers.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes at most {0} operations.</source>
        <translation>outputs.operations prend au plus {0} opérations.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes a tiff_compression other than "jpeg".</source>
        <translation>outputs.lossless prend une tiff_compression autre que "jpeg".</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.format takes one of {0}, not {1}.</source>
        <translation>outputs.format prend l’un de {0}, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>name takes a name, not {0}.</source>
        <translation>name prend un nom, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>description takes a sentence, not {0}.</source>
        <translation>description prend une phrase, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original takes a recipe with one output, not {0}.</source>
        <translation>replace_original prend une recette à une sortie, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original and folder exclude each other.</source>
        <translation>replace_original et folder s’excluent.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes 1 to {0} outputs, not {1}.</source>
        <translation>outputs prend de 1 à {0} sorties, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather and replace_original exclude each other.</source>
        <translation>gather et replace_original s’excluent.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes the path of a folder, not {0}.</source>
        <translation>folder prend le chemin d’un dossier, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes an absolute path, not {0}.</source>
        <translation>folder prend un chemin absolu, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>version takes {0}, not {1}: the recipe is of another version.</source>
        <translation>version prend {0}, et non {1} : la recette est d’une autre version.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes a list of outputs, not {0}.</source>
        <translation>outputs prend une liste de sorties, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not JSON: {0}.</source>
        <translation>La recette n’est pas du JSON : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder {0} names a user who is not known.</source>
        <translation>folder {0} nomme un utilisateur inconnu.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} lacks the field {1}.</source>
        <translation>Il manque à {0} le champ {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes operations, not {0}.</source>
        <translation>outputs.operations prend des opérations, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes {0} once.</source>
        <translation>outputs.operations prend {0} une fois.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.colours takes 2, 4, 16 or 256, not {0}.</source>
        <translation>outputs.colours prend 2, 4, 16 ou 256, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes all colours: leave outputs.colours out.</source>
        <translation>outputs.lossless prend toutes les couleurs : laissez outputs.colours de côté.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.max_bytes and lossless exclude each other.</source>
        <translation>outputs.max_bytes et lossless s’excluent.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.look is given without quality, max_bytes and lossless.</source>
        <translation>outputs.look se donne sans quality, max_bytes ni lossless.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.{0} is no option of {1}, which takes {2}.</source>
        <translation>outputs.{0} n’est pas une option de {1}, qui prend {2}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes outputs, not {0}.</source>
        <translation>outputs prend des sorties, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes names that differ; {0} is there twice.</source>
        <translation>outputs prend des noms différents ; {0} y est deux fois.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.template gives {0} and {1} the same file name; put {{output}} into it.</source>
        <translation>outputs.template donne à {0} et {1} le même nom de fichier ; mettez-y {{output}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather takes outputs in pdf or tiff; {0} is in another format.</source>
        <translation>gather prend des sorties en pdf ou tiff ; {0} est dans un autre format.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker begins with amqp://, amqps://, redis:// or rediss://.</source>
        <translation>L’URL du broker commence par amqp://, amqps://, redis:// ou rediss://.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has a space or a sign in it that no URL has.</source>
        <translation>L’URL du broker contient une espace ou un signe qu’aucune URL n’a.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has an @ behind its first slash: in a user, a password or a path, @ is written %40, and / is written %2F.</source>
        <translation>L’URL du broker a un @ après sa première barre : dans un utilisateur, un mot de passe ou un chemin, @ s’écrit %40, et / s’écrit %2F.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine: {0} is the least that it takes.</source>
        <translation>L’URL du broker ne nomme aucune machine : {0} est le minimum.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine that can be: {0} is its form.</source>
        <translation>L’URL du broker nomme une machine impossible : {0} est sa forme.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes a port from 1 to 65535 after the machine.</source>
        <translation>L’URL du broker prend après la machine un port de 1 à 65535.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The password of a broker needs a user: amqp://user:password@machine.</source>
        <translation>Le mot de passe d’un broker demande un utilisateur : amqp://utilisateur:motdepasse@machine.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of a Redis takes the number of a database at its end, as in redis://machine/0.</source>
        <translation>L’URL d’un Redis prend à sa fin le numéro d’une base, comme dans redis://machine/0.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes options of TLS only with amqps:// or rediss://.</source>
        <translation>L’URL du broker ne prend des options de TLS qu’avec amqps:// ou rediss://.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes only {0} after its question mark.</source>
        <translation>L’URL du broker ne prend que {0} après le point d’interrogation.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_cert_reqs as required or none.</source>
        <translation>L’URL du broker prend ssl_cert_reqs comme required ou none.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_check_hostname as true or false.</source>
        <translation>L’URL du broker prend ssl_check_hostname comme true ou false.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes name=value after its question mark.</source>
        <translation>L’URL du broker prend nom=valeur après le point d’interrogation.</translation>
    </message>
    <message>
        <location filename="../../core/remote/extra.py"/>
        <source>What reaches other machines is not installed: {0} brings it.</source>
        <translation>Ce qui atteint d’autres machines n’est pas installé : {0} l’apporte.</translation>
    </message>
    <message>
        <location filename="../../core/remote/fleet.py"/>
        <source>It has another version of Image Queue, and is given nothing.</source>
        <translation>Elle a une autre version d’Image Queue, et ne reçoit rien.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The machines that the broker gave it to ended, again and again.</source>
        <translation>Les machines à qui le broker l’a donnée se sont arrêtées, encore et encore.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was shut down.</source>
        <translation>{0} a été arrêtée.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was not heard of for {1} seconds.</source>
        <translation>{0} n’a pas donné signe pendant {1} secondes.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The broker did not come back in time.</source>
        <translation>Le broker n’est pas revenu à temps.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} does not know of it any more.</source>
        <translation>{0} n’en sait plus rien.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>No machine began it, however often it was sent.</source>
        <translation>Aucune machine ne l’a commencée, aussi souvent qu’elle ait été envoyée.</translation>
    </message>
    <message>
        <location filename="../../core/remote/keys.py"/>
        <source>This system has no keyring that can be used: the password is known until Image Queue is closed. After that it is asked for anew, or given by IMAGEQUEUE_BROKER.</source>
        <translation>Ce système n’a pas de trousseau utilisable : le mot de passe est connu jusqu’à la fermeture d’Image Queue. Ensuite, il faut le redonner, ou le fournir par IMAGEQUEUE_BROKER.</translation>
    </message>
    <message>
        <location filename="../../core/remote/mended.py"/>
        <source>The connection to Redis was closed.</source>
        <translation>La connexion à Redis a été fermée.</translation>
    </message>
    <message>
        <location filename="../../core/remote/node.py"/>
        <source>{0} does not answer there.</source>
        <translation>{0} n’y répond pas.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The machine has another version of Image Queue.</source>
        <translation>La machine a une autre version d’Image Queue.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The recipe names a file that is in no shared folder.</source>
        <translation>La recette nomme un fichier qui n’est dans aucun dossier partagé.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The file has become too large to travel.</source>
        <translation>Le fichier est devenu trop grand pour voyager.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The original is not where its output is to go.</source>
        <translation>L’original n’est pas là où sa sortie doit aller.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes a list of folders.</source>
        <translation>shared prend une liste de dossiers.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path, which are texts.</source>
        <translation>shared prend des dossiers avec un nom et un chemin, qui sont des textes.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The name of a shared folder takes up to 40 letters a to z, digits, - and _.</source>
        <translation>Le nom d’un dossier partagé prend jusqu’à 40 lettres a à z, chiffres, - et _.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes the absolute path of a folder.</source>
        <translation>Le dossier partagé {0} prend le chemin absolu d’un dossier.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes a folder, not a whole disk.</source>
        <translation>Le dossier partagé {0} prend un dossier, pas un disque entier.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path: {0}.</source>
        <translation>shared prend des dossiers avec un nom et un chemin : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>Two shared folders have the name {0}.</source>
        <translation>Deux dossiers partagés ont le nom {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folders {0} and {1} are one inside the other.</source>
        <translation>Les dossiers partagés {0} et {1} sont l’un dans l’autre.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>It has no shared folder {0}: start it with --share {1}=FOLDER.</source>
        <translation>Elle n’a pas de dossier partagé {0} : lancez-la avec --share {1}=DOSSIER.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>What it was to look for in {0} is no file that shows a shared folder.</source>
        <translation>Ce qu’elle devait chercher dans {0} n’est pas un fichier qui montre un dossier partagé.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here.</source>
        <translation>{0} est là-bas un autre dossier que {1} ici.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be written there.</source>
        <translation>{0} ne peut pas y être écrit.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>There is no shared folder {0} on this machine.</source>
        <translation>Il n’y a pas de dossier partagé {0} sur cette machine.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is no path below a folder.</source>
        <translation>{0} n’est pas un chemin sous un dossier.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here: a file that was put here is not in it.</source>
        <translation>{0} est là-bas un autre dossier que {1} ici : un fichier mis ici n’y est pas.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be read there: {1}.</source>
        <translation>{0} ne peut pas y être lu : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>A shared folder takes a name without =, not {0}.</source>
        <translation>Un dossier partagé prend un nom sans =, et non {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} takes an absolute path, not {1}.</source>
        <translation>Le dossier partagé {0} prend un chemin absolu, et non {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} leads out of the shared folder {1}.</source>
        <translation>{0} mène hors du dossier partagé {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} ({1}) cannot be written: {2}.</source>
        <translation>Le dossier partagé {0} ({1}) ne peut pas être écrit : {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be used as a broker just now ({1}).</source>
        <translation>{0} ne peut pas servir de broker en ce moment ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection to {0} was lost.</source>
        <translation>La connexion à {0} est perdue.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot show that it is {1}: {2}. A certificate of your own is named by ?ssl_ca_certs=FILE at the end of the URL.</source>
        <translation>{0} ne peut pas prouver être {1} : {2}. Un certificat à vous se nomme par ?ssl_ca_certs=FICHIER à la fin de l’URL.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not speak TLS on port {1}: use {2}://, or the port for TLS.</source>
        <translation>{0} ne parle pas TLS sur le port {1} : employez {2}://, ou le port pour TLS.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>A file that the URL of the broker names cannot be read.</source>
        <translation>Un fichier que nomme l’URL du broker ne peut pas être lu.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} wants a password.</source>
        <translation>{0} demande un mot de passe.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not accept this user and password.</source>
        <translation>{0} n’accepte pas cet utilisateur et ce mot de passe.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not allow this user what the queue needs.</source>
        <translation>{0} ne permet pas à cet utilisateur ce dont la file d’attente a besoin.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} has no virtual host {1}, or this user may not use it.</source>
        <translation>{0} n’a pas d’hôte virtuel {1}, ou cet utilisateur ne peut pas l’employer.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The Redis on {0} has no database {1}.</source>
        <translation>Le Redis sur {0} n’a pas de base {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>What answers on port {0} of {1} is no {2}.</source>
        <translation>Ce qui répond sur le port {0} de {1} n’est pas un {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>No machine of the name {0} is known here.</source>
        <translation>Aucune machine du nom {0} n’est connue ici.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>Nothing answers on port {0} of {1}: the broker does not run there, or has another port.</source>
        <translation>Rien ne répond sur le port {0} de {1} : le broker n’y tourne pas, ou a un autre port.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} did not answer in time on port {1}.</source>
        <translation>{0} n’a pas répondu à temps sur le port {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection was cut by {0}: what answers on port {1} may be no {2}.</source>
        <translation>La connexion a été coupée par {0} : ce qui répond sur le port {1} n’est peut-être pas un {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be reached: {1}.</source>
        <translation>{0} est injoignable : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not let this user in: RabbitMQ takes guest from its own machine only. Make a user there, and name it in the URL.</source>
        <translation>{0} ne laisse pas entrer cet utilisateur : RabbitMQ n’accepte guest que depuis sa propre machine. Créez-y un utilisateur, et nommez-le dans l’URL.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers. What is sent to it is not encrypted; with {0}s:// it would be.</source>
        <translation>Le broker répond. Ce qui lui est envoyé n’est pas chiffré ; avec {0}s:// il le serait.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers.</source>
        <translation>Le broker répond.</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>This file crashes the decoder: {0} worker processes died of it.</source>
        <translation>Ce fichier fait planter le décodeur : {0} processus en sont morts.</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>A retry's base, cap, patience and jitter are numbers from 0 up.</source>
        <translation>base, cap, patience et jitter d’un nouvel essai sont des nombres à partir de 0.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings were damaged; they were moved to {0}, and the defaults are used.</source>
        <translation>Les réglages étaient endommagés ; ils ont été déplacés vers {0}, et les valeurs par défaut sont employées.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings are damaged and could not be set aside ({0}); the defaults are used.</source>
        <translation>Les réglages sont endommagés et n’ont pas pu être mis de côté ({0}) ; les valeurs par défaut sont employées.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>broker takes the URL of a broker.</source>
        <translation>broker prend l’URL d’un broker.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings keep no password of a broker: the keyring does, or IMAGEQUEUE_BROKER.</source>
        <translation>Les réglages ne gardent aucun mot de passe d’un broker : le trousseau le fait, ou IMAGEQUEUE_BROKER.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes true or false.</source>
        <translation>{0} prend true ou false.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a whole number from {1} to {2}.</source>
        <translation>{0} prend un nombre entier de {1} à {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a number from {1} to {2}.</source>
        <translation>{0} prend un nombre de {1} à {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} is a file, not a folder.</source>
        <translation>Le dossier des données {0} est un fichier, pas un dossier.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} cannot be made: {1}. Choose another one with --data-dir or {2}.</source>
        <translation>Le dossier des données {0} ne peut pas être créé : {1}. Choisissez-en un autre avec --data-dir ou {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>memory_limit_mb takes 64 megabytes or more, or 0 for no limit.</source>
        <translation>memory_limit_mb prend 64 mégaoctets ou plus, ou 0 pour aucune limite.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>recipe takes the name of a recipe.</source>
        <translation>recipe prend le nom d’une recette.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>output_folder takes the absolute path of a folder.</source>
        <translation>output_folder prend le chemin absolu d’un dossier.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>existing takes one of {0}.</source>
        <translation>existing prend l’un de {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>language takes one of {0}.</source>
        <translation>language prend l’un de {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>when_done takes one of {0}.</source>
        <translation>when_done prend l’un de {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings could not be read ({0}); the defaults are used.</source>
        <translation>Les réglages n’ont pas pu être lus ({0}) ; les valeurs par défaut sont employées.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} The default is used.</source>
        <translation>{0} La valeur par défaut est employée.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process gave no proper answer for this file, and was ended.</source>
        <translation>Le processus n’a pas donné de réponse correcte pour ce fichier, et a été arrêté.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started.</source>
        <translation>Aucun processus n’a pu être lancé.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It stopped, and nobody had asked it to.</source>
        <translation>Il s’est arrêté sans qu’on le lui ait demandé.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It took longer than its time limit ({0} s).</source>
        <translation>La limite de temps a été dépassée ({0} s).</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process died ({0}) while it worked on this file.</source>
        <translation>Le processus est mort ({0}) pendant qu’il travaillait sur ce fichier.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The machine may be short of memory.</source>
        <translation>La machine manque peut-être de mémoire.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started: {0}.</source>
        <translation>Aucun processus n’a pu être lancé : {0}.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It was not needed any more.</source>
        <translation>Il n’était plus nécessaire.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it started ({0}).</source>
        <translation>Un processus est mort à son lancement ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it was idle ({0}).</source>
        <translation>Un processus est mort alors qu’il était inactif ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/store.py"/>
        <source>Attempt {0} of job {1} does not run; it cannot be {2}.</source>
        <translation>La tentative {0} de la tâche {1} n’est pas en cours ; elle ne peut pas être {2}.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be used: {1}.</source>
        <translation>La file d’attente dans {0} ne peut pas être utilisée : {1}.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The disk with the queue ({0}) is full.</source>
        <translation>Le disque qui contient la file d’attente ({0}) est plein.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is locked by another program.</source>
        <translation>La file d’attente dans {0} est verrouillée par un autre programme.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be opened for writing: check the folder.</source>
        <translation>La file d’attente dans {0} ne peut pas être ouverte en écriture : vérifiez le dossier.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is damaged. Start Image Queue again: it will keep what can be read.</source>
        <translation>La file d’attente dans {0} est endommagée. Relancez Image Queue : il gardera ce qui peut être lu.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue was written by a newer version of Image Queue. Please update.</source>
        <translation>La file d’attente a été écrite par une version plus récente d’Image Queue. Veuillez mettre à jour.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/mapping.py"/>
        <source>{0} is no absolute path on the machine that the file comes from.</source>
        <translation>{0} n’est pas un chemin absolu sur la machine d’où vient le fichier.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is damaged: line {1} {2}.</source>
        <translation>{0} est endommagé : ligne {1} {2}.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no name of a file.</source>
        <translation>{0} n’est pas un nom de fichier.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} holds no jobs of Image Queue.</source>
        <translation>{0} ne contient pas de tâches d’Image Queue.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} {1}: this one reads version {2}.</source>
        <translation>{0} {1} : celui-ci lit la version {2}.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is larger than a file of jobs can be.</source>
        <translation>{0} est plus grand qu’un fichier de tâches ne peut l’être.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} was cut off after {1} jobs.</source>
        <translation>{0} est coupé après {1} tâches.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} jobs.</source>
        <translation>{0} a plus de {1} tâches.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} recipes.</source>
        <translation>{0} a plus de {1} recettes.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no file of jobs.</source>
        <translation>{0} n’est pas un fichier de tâches.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is a folder, and no file of jobs.</source>
        <translation>{0} est un dossier, et non un fichier de tâches.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/sending.py"/>
        <source>A file takes at most {0} jobs, and {1} wait.</source>
        <translation>Un fichier prend au plus {0} tâches, et {1} attendent.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} is a path of another system: say which folder here it is, by --map OLD=NEW. Nothing was imported.</source>
        <translation>{0}{1} est un chemin d’un autre système : dites avec --map ANCIEN=NOUVEAU quel dossier c’est ici. Rien n’a été importé.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>Nothing in the file is in {0}. Nothing was imported.</source>
        <translation>Rien dans le fichier n’est dans {0}. Rien n’a été importé.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} {2} not here; nothing was imported. --map OLD=NEW says where folders are here; --missing leave-out imports the others, --missing take all.</source>
        <translation>{0}{1} {2} pas ici ; rien n’a été importé. --map ANCIEN=NOUVEAU dit où sont ici les dossiers ; --missing leave-out importe les autres, --missing take toutes.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now.</source>
        <translation>Ses fichiers sont maintenant dans la corbeille.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Some of its files are in the trash now.</source>
        <translation>Certains de ses fichiers sont maintenant dans la corbeille.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now, and the original is back in its place.</source>
        <translation>Ses fichiers sont maintenant dans la corbeille, et l’original a repris sa place.</translation>
    </message>
    <message>
        <location filename="../../core/whole_file.py"/>
        <source>{0} is there already, and is no {1}: it was left as it is. Choose another name.</source>
        <translation>{0} est déjà là, et n’est pas un {1} : il a été laissé tel quel. Choisissez un autre nom.</translation>
    </message>
    <message>
        <location filename="../../core/worker.py"/>
        <source>Image Queue made a mistake ({0}).</source>
        <translation>Image Queue a fait une erreur ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It did not say that it is ready.</source>
        <translation>Il n’a pas dit qu’il était prêt.</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It was gone before it got the task.</source>
        <translation>Il était parti avant de recevoir le travail.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is damaged, or of a kind that cannot be read: {1}</source>
        <translation>{0} est endommagé, ou d’un genre qui ne peut pas être lu : {1}</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} has {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} a {1} × {2} pixels, {3} mégapixels ; la limite est {4}.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is there already</source>
        <translation>{0} est déjà là</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already</source>
        <translation>{0} et {1} autres sont déjà là</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already.</source>
        <translation>{0} et {1} autres sont déjà là.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source> and {0} more</source>
        <translation> et {0} autres</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>was</source>
        <translation>a été</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>were</source>
        <translation>ont été</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>is</source>
        <translation>est</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>are</source>
        <translation>sont</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>read</source>
        <translation>lu</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>written</source>
        <translation>écrit</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>frames</source>
        <translation>images</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>scans</source>
        <translation>passes</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>language</source>
        <translation>Français</translation>
    </message>
</context>
<context>
    <name>recipe-names</name>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>Thumbnail and resize</source>
        <translation>Miniature et redimensionnement</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>A thumbnail of 256 pixels and a copy of 1920 pixels, in the format of the source</source>
        <translation>Une miniature de 256 pixels et une copie de 1920 pixels, dans le format de la source</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>Web</source>
        <translation>Web</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>A WebP of 2048 pixels for a page, without the place where it was taken</source>
        <translation>Un WebP de 2048 pixels pour une page, sans le lieu de prise de vue</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>Thumbnail</source>
        <translation>Miniature</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>A thumbnail of 256 pixels, without metadata</source>
        <translation>Une miniature de 256 pixels, sans métadonnées</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>Web set</source>
        <translation>Jeu pour le web</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>WebP in 2048, 1024, 512 and 256 pixels from one decode, without the place where it was taken</source>
        <translation>WebP en 2048, 1024, 512 et 256 pixels d’un seul décodage, sans le lieu de prise de vue</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>Email</source>
        <translation>E-mail</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>A JPEG of up to 2560 pixels and under 1 MB, without the place where it was taken</source>
        <translation>Un JPEG de 2560 pixels au plus et de moins de 1 Mo, sans le lieu de prise de vue</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>Archive</source>
        <translation>Archive</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>A PNG in full size with every pixel and colour as it was; refuses what PNG cannot hold exactly</source>
        <translation>Un PNG en taille réelle, chaque pixel et chaque couleur comme avant ; refuse ce que PNG ne peut pas contenir exactement</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>Strip location</source>
        <translation>Supprimer le lieu</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>A copy in full size without the place where it was taken; all other metadata stay</source>
        <translation>Une copie en taille réelle sans le lieu de prise de vue ; toutes les autres métadonnées restent</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>Convert HEIC to JPEG</source>
        <translation>Convertir HEIC en JPEG</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>A JPEG in full size, of a HEIC photo or of any other image; transparency is laid on white</source>
        <translation>Un JPEG en taille réelle, d’une photo HEIC ou de toute autre image ; la transparence est posée sur du blanc</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>One PDF</source>
        <translation>Un seul PDF</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>All images that are added together as the pages of one PDF</source>
        <translation>Toutes les images ajoutées ensemble comme pages d’un PDF</translation>
    </message>
</context>
</TS>
