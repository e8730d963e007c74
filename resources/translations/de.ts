<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Add files…</source>
        <translation>&amp;Dateien hinzufügen…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add images</source>
        <translation>Bilder hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add &amp;folder…</source>
        <translation>&amp;Ordner hinzufügen…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/choosers.py"/>
        <source>Add a folder of images</source>
        <translation>Einen Ordner mit Bildern hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>W&amp;hat of folders is taken…</source>
        <translation>&amp;Was aus Ordnern genommen wird…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Choose what is left out of folders: patterns, formats, small files</source>
        <translation>Wählen, was aus Ordnern weggelassen wird: Muster, Formate, kleine Dateien</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>What &amp;would be made…</source>
        <translation>Was entstehen wü&amp;rde…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Look at what would be written, replaced and skipped, and how large it would be</source>
        <translation>Ansehen, was geschrieben, ersetzt und übersprungen würde, und wie groß es wäre</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Paste</source>
        <translation>E&amp;infügen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add copied files, links or a copied picture</source>
        <translation>Kopierte Dateien, Links oder ein kopiertes Bild hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Watched folders…</source>
        <translation>&amp;Überwachte Ordner…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Add what arrives in folders by itself</source>
        <translation>Von selbst hinzufügen, was in Ordnern ankommt</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Recipes…</source>
        <translation>Re&amp;zepte…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make, change, import and export recipes</source>
        <translation>Rezepte erstellen, ändern, importieren und exportieren</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save a &amp;report…</source>
        <translation>&amp;Bericht speichern…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what became of each image, as CSV or JSON</source>
        <translation>Speichern, was aus jedem Bild wurde, als CSV oder JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;History…</source>
        <translation>&amp;Verlauf…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/history.py"/>
        <source>What was done on which day</source>
        <translation>Was an welchem Tag erledigt wurde</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Machines…</source>
        <translation>&amp;Rechner…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers on other machines, and how to add one</source>
        <translation>Worker auf anderen Rechnern, und wie einer dazukommt</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Export waiting images…</source>
        <translation>Wartende Bilder e&amp;xportieren…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Write what waits into a file, for another machine</source>
        <translation>Was wartet in eine Datei schreiben, für einen anderen Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Import a queue…</source>
        <translation>Warteschlange i&amp;mportieren…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take in what another machine has exported</source>
        <translation>Aufnehmen, was ein anderer Rechner exportiert hat</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Export fa&amp;ilures…</source>
        <translation>&amp;Fehlgeschlagene exportieren…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Save what failed and why, as CSV or JSON</source>
        <translation>Speichern, was fehlschlug und warum, als CSV oder JSON</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Quit</source>
        <translation>B&amp;eenden</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start</source>
        <translation>Start</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>S&amp;top</source>
        <translation>S&amp;topp</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause, and put the running images back in the queue</source>
        <translation>Anhalten und die laufenden Bilder in die Warteschlange zurücklegen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do &amp;next</source>
        <translation>Als &amp;Nächstes</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Do l&amp;ast</source>
        <translation>Als &amp;Letztes</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;up</source>
        <translation>Nach &amp;oben</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move do&amp;wn</source>
        <translation>Nach &amp;unten</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Priority</source>
        <translation>Priorität</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Change rec&amp;ipe…</source>
        <translation>Rezep&amp;t ändern…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>H&amp;old</source>
        <translation>&amp;Zurückhalten</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;lease</source>
        <translation>Frei&amp;geben</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Cancel</source>
        <translation>A&amp;bbrechen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Make a&amp;gain</source>
        <translation>Neu &amp;erstellen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Move what was made to the &amp;trash…</source>
        <translation>Erstelltes in den Pa&amp;pierkorb verschieben …</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Retry</source>
        <translation>Erneut &amp;versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Re&amp;move from the list</source>
        <translation>Aus der Liste ent&amp;fernen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Open the res&amp;ult</source>
        <translation>E&amp;rgebnis öffnen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the result in its folder</source>
        <translation>Ergebnis in seinem Ordner zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show the source in its folder</source>
        <translation>Quelle in ihrem Ordner zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;path</source>
        <translation>Pfa&amp;d kopieren</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy &amp;message</source>
        <translation>&amp;Meldung kopieren</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Retry all &amp;failed</source>
        <translation>Alle &amp;fehlgeschlagenen erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Try all failed images again</source>
        <translation>Alle fehlgeschlagenen Bilder erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Sho&amp;w what failed</source>
        <translation>&amp;Zeigen, was fehlschlug</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>List what failed, by its kind</source>
        <translation>Auflisten, was fehlschlug, nach der Art</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>C&amp;lear finished</source>
        <translation>F&amp;ertige entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Take what is done, skipped or cancelled off the list; files stay</source>
        <translation>Fertige, übersprungene und abgebrochene von der Liste nehmen; Dateien bleiben</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Preferences…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Workers, limits, and what else can be set</source>
        <translation>Arbeitsprozesse, Grenzen und was sonst einzustellen ist</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Find</source>
        <translation>&amp;Suchen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Select &amp;all</source>
        <translation>&amp;Alle auswählen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Compare files by &amp;content</source>
        <translation>Dateien nach &amp;Inhalt vergleichen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Tell by what a file holds whether it has changed since it was made, not by its time</source>
        <translation>Am Inhalt einer Datei erkennen, ob sie sich seit der Verarbeitung geändert hat, nicht an ihrer Zeit</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Details</source>
        <translation>&amp;Details</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show or hide details</source>
        <translation>Details zeigen oder verbergen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;About Image Queue</source>
        <translation>&amp;Über Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Copy dia&amp;gnostics…</source>
        <translation>Dia&amp;gnose kopieren…</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Versions, settings and the last errors</source>
        <translation>Versionen, Einstellungen und die letzten Fehler</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Show &amp;hints again</source>
        <translation>Ti&amp;pps wieder zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Bring back the hints of the first days</source>
        <translation>Die Tipps der ersten Tage zurückholen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Priority</source>
        <translation>&amp;Priorität</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;High</source>
        <translation>&amp;Hoch</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Normal</source>
        <translation>&amp;Normal</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Low</source>
        <translation>Nied&amp;rig</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Start nothing new; running images finish</source>
        <translation>Nichts Neues beginnen; laufende Bilder werden fertig</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Go on</source>
        <translation>Weitermachen</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>As the &amp;system</source>
        <translation>Wie das &amp;System</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>&amp;Dark</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <location filename="../../gui/actions.py"/>
        <source>Pausing, {0} finishing</source>
        <translation>Hält an, {0} werden fertig</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <location filename="../../gui/dry_run.py"/>
        <source>No images were found.</source>
        <translation>Es wurden keine Bilder gefunden.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was here already</source>
        <translation>1 war schon hier</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were here already</source>
        <translation>{n} waren schon hier</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 was made by this recipe and is left out</source>
        <translation>1 wurde mit diesem Rezept erstellt und wird weggelassen</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} were made by this recipe and are left out</source>
        <translation>{n} wurden mit diesem Rezept erstellt und werden weggelassen</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is not an image</source>
        <translation>1 ist kein Bild</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are not images</source>
        <translation>{n} sind keine Bilder</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 is left out</source>
        <translation>1 wird weggelassen</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} are left out</source>
        <translation>{n} werden weggelassen</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could not be read</source>
        <translation>1 konnte nicht gelesen werden</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could not be read</source>
        <translation>{n} konnten nicht gelesen werden</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>then stopped</source>
        <translation>dann angehalten</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}, as there is no original to replace.</source>
        <translation>Was aus {0} entsteht, kommt nach {1}, da es kein Original zum Ersetzen gibt.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>What is made of {0} goes to {1}.</source>
        <translation>Was aus {0} entsteht, kommt nach {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>Added {0}</source>
        <translation>{0} hinzugefügt</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{0}.</source>
        <translation>{0}.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>1 could have the name of another and gets a number.</source>
        <translation>1 könnte den Namen einer anderen haben und bekommt eine Nummer.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>{n} could have the name of another and get a number.</source>
        <translation>{n} könnten den Namen einer anderen haben und bekommen eine Nummer.</translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>, </source>
        <translation>, </translation>
    </message>
    <message>
        <location filename="../../gui/added.py"/>
        <source>links</source>
        <translation>Links</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Stop adding</source>
        <translation>Hinzufügen anhalten</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Why?</source>
        <translation>Warum?</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Take off the list what was added and has not run yet</source>
        <translation>Nimmt von der Liste, was hinzugefügt wurde und noch nicht gelaufen ist</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Close this summary</source>
        <translation>Diese Zusammenfassung schließen</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What is made of it goes to {0}.</source>
        <translation>Was daraus entsteht, kommt nach {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What was not added, and why</source>
        <translation>Was nicht hinzugefügt wurde, und warum</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>What of folders is &amp;taken…</source>
        <translation>Was aus Ordnern &amp;genommen wird…</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added the picture.</source>
        <translation>Das Bild wurde hinzugefügt.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Added {n} pictures.</source>
        <translation>{n} Bilder wurden hinzugefügt.</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>Adding… {0} so far</source>
        <translation>Wird hinzugefügt… {0} bis jetzt</translation>
    </message>
    <message>
        <location filename="../../gui/adding.py"/>
        <source>, {0} files looked at</source>
        <translation>, {0} Dateien angesehen</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save what failed</source>
        <translation>Speichern, was fehlschlug</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Save a report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For a spreadsheet (*.csv)</source>
        <translation>Für eine Tabellenkalkulation (*.csv)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>For programs (*.json)</source>
        <translation>Für Programme (*.json)</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>Saved a report of {0} to {1}.</source>
        <translation>Ein Bericht über {0} wurde als {1} gespeichert.</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>1 output is missing or was changed.</source>
        <translation>1 Ausgabe fehlt oder wurde geändert.</translation>
    </message>
    <message>
        <location filename="../../gui/batch_report.py"/>
        <source>{n} outputs are missing or were changed.</source>
        <translation>{n} Ausgaben fehlen oder wurden geändert.</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/queue_files.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <location filename="../../gui/choosers.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Images ({0})</source>
        <translation>Bilder ({0})</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>#</source>
        <translation>Nr.</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Preview</source>
        <translation>Vorschau</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>Before</source>
        <translation>Vorher</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/comparison.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/job_pictures.py"/>
        <source>After</source>
        <translation>Nachher</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Saved</source>
        <translation>Gespart</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Dimensions</source>
        <translation>Maße</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/inspector.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/watched_folders.py"/>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Attempts</source>
        <translation>Versuche</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Retry in</source>
        <translation>Erneut in</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Took</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <location filename="../../gui/inspector.py"/>
        <source>Added</source>
        <translation>Hinzugefügt</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Place in the queue. Sorted by it, images can be dragged to another place.</source>
        <translation>Platz in der Warteschlange. Danach sortiert, lassen sich Bilder an einen anderen Platz ziehen.</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>What the image looks like</source>
        <translation>Wie das Bild aussieht</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Higher ones run first</source>
        <translation>Höhere laufen zuerst</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Why it failed, waits or was skipped, and which other machine works on it</source>
        <translation>Warum es fehlschlug, wartet oder übersprungen wurde, und welcher andere Rechner daran arbeitet</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of the source</source>
        <translation>Größe der Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Size of all outputs together</source>
        <translation>Größe aller Ausgaben zusammen</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How much smaller the outputs are than the source</source>
        <translation>Um wie viel die Ausgaben kleiner sind als die Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Width and height of the source, pixels</source>
        <translation>Breite und Höhe der Quelle in Pixeln</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Attempts so far, of those that it may have</source>
        <translation>Bisherige Versuche, von denen, die es haben darf</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>Time left until it is tried again</source>
        <translation>Zeit bis zum nächsten Versuch</translation>
    </message>
    <message>
        <location filename="../../gui/columns.py"/>
        <source>How long the last attempt took</source>
        <translation>Wie lange der letzte Versuch dauerte</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Images can be dragged to another place when the table is in the order of the queue.</source>
        <translation>Bilder lassen sich an einen anderen Platz ziehen, wenn die Tabelle in der Ordnung der Warteschlange steht.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Sort by #</source>
        <translation>Nach Nr. sortieren</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Removed {0} from the list. Files stay.</source>
        <translation>{0} von der Liste genommen. Dateien bleiben.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Each attempt costs a worker process. All else that failed is being tried again.</source>
        <translation>Jeder Versuch kostet einen Arbeitsprozess. Alles andere, was fehlschlug, wird schon erneut versucht.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <location filename="../../gui/failures.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/unmaking.py"/>
        <source>Leave</source>
        <translation>Belassen</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>1 image crashes the decoder. Try it again, too?</source>
        <translation>1 Bild lässt den Decoder abstürzen. Auch dieses erneut versuchen?</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>{n} images crash the decoder. Try them again, too?</source>
        <translation>{n} Bilder lassen den Decoder abstürzen. Auch diese erneut versuchen?</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>No program is known to open {0}.</source>
        <translation>Es ist kein Programm bekannt, das {0} öffnet.</translation>
    </message>
    <message>
        <location filename="../../gui/commands.py"/>
        <source>Changing {0}: {1} % are done.</source>
        <translation>{0} werden geändert: {1} % sind erledigt.</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>All images are done</source>
        <translation>Alle Bilder sind fertig</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Image Queue has paused</source>
        <translation>Image Queue hat angehalten</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/progress.py"/>
        <source>{0} failed</source>
        <translation>{0} fehlgeschlagen</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} skipped</source>
        <translation>{0} übersprungen</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} cancelled</source>
        <translation>{0} abgebrochen</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and 1 failed</source>
        <translation>Fertig, 1 fehlgeschlagen</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Done, and {n} failed</source>
        <translation>Fertig, {n} fehlgeschlagen</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>{0} done</source>
        <translation>{0} fertig</translation>
    </message>
    <message>
        <location filename="../../gui/companions.py"/>
        <source>Saved {0}.</source>
        <translation>{0} gespart.</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Fit</source>
        <translation>Eingepasst</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>Before and after</source>
        <translation>Vorher und nachher</translation>
    </message>
    <message>
        <location filename="../../gui/comparison.py"/>
        <source>{0} % before, {1} % after. Arrow keys move the line, plus and minus zoom ({2}).</source>
        <translation>{0} % vorher, {1} % nachher. Pfeiltasten verschieben die Linie, Plus und Minus vergrößern und verkleinern ({2}).</translation>
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
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add 1 item here</source>
        <translation>1 Element hier hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Add {n} items here</source>
        <translation>{n} Elemente hier hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs before the others</source>
        <translation>läuft vor den anderen</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs in turn</source>
        <translation>läuft der Reihe nach</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>runs when nothing else waits</source>
        <translation>läuft, wenn sonst nichts wartet</translation>
    </message>
    <message>
        <location filename="../../gui/drop_area.py"/>
        <source>Drop here for priority {0}</source>
        <translation>Für Priorität {0} hier ablegen</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be made</source>
        <translation>Was entstehen würde</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose files or a folder, or drop them here. Each image is looked at with the recipe, the output folder and the rule that are chosen in the window now. Nothing is written.</source>
        <translation>Wählen Sie Dateien oder einen Ordner, oder ziehen Sie sie hierher. Jedes Bild wird mit dem Rezept, dem Ausgabeordner und der Regel angesehen, die jetzt im Fenster gewählt sind. Nichts wird geschrieben.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose &amp;files…</source>
        <translation>&amp;Dateien wählen…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Choose a f&amp;older…</source>
        <translation>&amp;Ordner wählen…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Stop</source>
        <translation>&amp;Anhalten</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>How much was looked at</source>
        <translation>Wie viel angesehen wurde</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>&amp;Add these to the queue</source>
        <translation>Der &amp;Warteschlange hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>What would be written, replaced or skipped is listed here.</source>
        <translation>Was geschrieben, ersetzt oder übersprungen würde, steht hier.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looking for images…</source>
        <translation>Bilder werden gesucht…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Making a few in memory to estimate the sizes…</source>
        <translation>Einige werden im Speicher erstellt, um die Größen zu schätzen…</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>1 file or folder is not taken.</source>
        <translation>1 Datei oder Ordner wird nicht genommen.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>{n} files or folders are not taken.</source>
        <translation>{n} Dateien oder Ordner werden nicht genommen.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Looked at {0} of {1}</source>
        <translation>{0} von {1} angesehen</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>Stopped: {0} looked at.</source>
        <translation>Angehalten: {0} angesehen.</translation>
    </message>
    <message>
        <location filename="../../gui/dry_run.py"/>
        <source>The first {0} lines are listed.</source>
        <translation>Die ersten {0} Zeilen sind aufgeführt.</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <location filename="../../gui/queue_files.py"/>
        <source>Export waiting images</source>
        <translation>Wartende Bilder exportieren</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>A file for another machine is written, with the recipes, priorities, order and holds of the images. It does not hold the images: the other machine has to reach them, in folders whose names may differ there.</source>
        <translation>Es wird eine Datei für einen anderen Rechner geschrieben, mit den Rezepten, Prioritäten, der Ordnung und dem Zurückhalten der Bilder. Die Bilder selbst enthält sie nicht: Der andere Rechner muss sie erreichen, in Ordnern, die dort anders heißen dürfen.</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Which</source>
        <translation>Welche</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>What becomes of them here</source>
        <translation>Was hier aus ihnen wird</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Hold them, so that they are not made twice</source>
        <translation>&amp;Zurückhalten, damit sie nicht zweimal entstehen</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Remove them from the list</source>
        <translation>Aus der Liste ent&amp;fernen</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;Leave them waiting</source>
        <translation>Weiter &amp;warten lassen</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>&amp;All that wait: {0}</source>
        <translation>&amp;Alle, die warten: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/export_dialog.py"/>
        <source>Only the &amp;selected: {0}</source>
        <translation>Nur die &amp;ausgewählten: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk is full</source>
        <translation>Das Laufwerk ist voll</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The output folder cannot be written</source>
        <translation>In den Ausgabeordner kann nicht geschrieben werden</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file must not be read</source>
        <translation>Die Datei darf nicht gelesen werden</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is in use by another program</source>
        <translation>Die Datei wird von einem anderen Programm benutzt</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The disk or the network gave an error</source>
        <translation>Das Laufwerk oder das Netzwerk meldete einen Fehler</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The worker process ended in the middle</source>
        <translation>Der Arbeitsprozess endete mittendrin</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The machine that had it is gone</source>
        <translation>Der Rechner, der es hatte, ist fort</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It took longer than the time limit</source>
        <translation>Es dauerte länger als die Zeitgrenze</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>It needs more memory than the limit</source>
        <translation>Es braucht mehr Speicher als die Grenze</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue ended while it was worked on</source>
        <translation>Image Queue endete während der Arbeit daran</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The library for its format is missing</source>
        <translation>Die Bibliothek für das Format fehlt</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server could not be reached</source>
        <translation>Der Server war nicht zu erreichen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server took too long</source>
        <translation>Der Server brauchte zu lange</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server is busy or broken</source>
        <translation>Der Server ist überlastet oder gestört</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>What another machine made did not arrive whole</source>
        <translation>Was ein anderer Rechner gemacht hat, kam nicht unversehrt an</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Another Image Queue has the queue</source>
        <translation>Ein anderes Image Queue hat die Warteschlange</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file cannot be used</source>
        <translation>Die Datei der Warteschlange ist nicht zu benutzen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The queue's own file is of a newer version</source>
        <translation>Die Datei der Warteschlange ist von einer neueren Version</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not there any more</source>
        <translation>Die Datei ist nicht mehr da</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file is not an image</source>
        <translation>Die Datei ist kein Bild</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image is damaged</source>
        <translation>Das Bild ist beschädigt</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file crashes the decoder</source>
        <translation>Die Datei lässt den Decoder abstürzen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The image has too many pixels</source>
        <translation>Das Bild hat zu viele Pixel</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is nothing at the link</source>
        <translation>Unter dem Link ist nichts</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server does not give the image</source>
        <translation>Der Server gibt das Bild nicht heraus</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads nowhere</source>
        <translation>Der Link führt nirgendwohin</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The server cannot be trusted</source>
        <translation>Dem Server ist nicht zu trauen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The download is larger than the limit</source>
        <translation>Der Download ist größer als die Grenze</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The link leads to a page, not to an image</source>
        <translation>Der Link führt zu einer Seite, nicht zu einem Bild</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The recipe cannot be followed</source>
        <translation>Dem Rezept kann nicht gefolgt werden</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The name of the output cannot be</source>
        <translation>Der Name der Ausgabe ist nicht möglich</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>There is no original to replace</source>
        <translation>Es gibt kein Original zum Ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The original cannot go to the trash</source>
        <translation>Das Original kann nicht in den Papierkorb</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The format cannot hold the image</source>
        <translation>Das Format kann das Bild nicht fassen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>The file holds no queue</source>
        <translation>Die Datei enthält keine Warteschlange</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>A value cannot be</source>
        <translation>Ein Wert ist nicht möglich</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Image Queue made a mistake</source>
        <translation>Image Queue hat einen Fehler gemacht</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Choose another folder and retry…</source>
        <translation>Anderen Ordner wählen und erneut versuchen…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Retry with the chosen recipe</source>
        <translation>Mit dem gewählten Rezept erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Change the limits…</source>
        <translation>Grenzen ändern…</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <source>Remove from the list</source>
        <translation>Aus der Liste entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/failure_kinds.py"/>
        <location filename="../../gui/report.py"/>
        <source>Report…</source>
        <translation>Melden…</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>1 image is tried again.</source>
        <translation>1 Bild wird erneut versucht.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{n} images are tried again.</source>
        <translation>{n} Bilder werden erneut versucht.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0}: choose another folder</source>
        <translation>{0}: anderen Ordner wählen</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>These images crash the decoder. Try them again?</source>
        <translation>Diese Bilder lassen den Decoder abstürzen. Erneut versuchen?</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>Each attempt costs a worker process; everything else goes on meanwhile.</source>
        <translation>Jeder Versuch kostet einen Arbeitsprozess; alles andere geht inzwischen weiter.</translation>
    </message>
    <message>
        <location filename="../../gui/failures.py"/>
        <source>{0} are made ready to be tried again…</source>
        <translation>{0} werden für einen neuen Versuch vorbereitet…</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Show only these</source>
        <translation>Nur diese zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>Retry</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>What failed, by its kind</source>
        <translation>Was fehlschlug, nach der Art</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for 1 reason</source>
        <translation>aus 1 Grund</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <source>for {n} reasons</source>
        <translation>aus {n} Gründen</translation>
    </message>
    <message>
        <location filename="../../gui/failures_panel.py"/>
        <location filename="../../gui/machine_fields.py"/>
        <source>For example: {0}</source>
        <translation>Zum Beispiel: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>images of all formats</source>
        <translation>Bilder aller Formate</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>hidden ones, too</source>
        <translation>auch versteckte</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>without hidden ones</source>
        <translation>ohne versteckte</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What of folders is taken</source>
        <translation>Was aus Ordnern genommen wird</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>This holds for the folders and archives that you add from now on, and for watched folders. An image, an archive or a link that you add by itself is always taken.</source>
        <translation>Das gilt für Ordner und Archive, die Sie von jetzt an hinzufügen, und für überwachte Ordner. Ein Bild, ein Archiv oder ein Link, den Sie einzeln hinzufügen, wird immer genommen.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Take &amp;hidden files and folders, too</source>
        <translation>Auch &amp;versteckte Dateien und Ordner nehmen</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Open &amp;archives in folders (zip, cbz, tar)</source>
        <translation>&amp;Archive in Ordnern öffnen (zip, cbz, tar)</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Each is unpacked into the app's own folder, within limits. Archives in archives and in watched folders stay closed.</source>
        <translation>Jedes wird innerhalb von Grenzen in den eigenen Ordner der App entpackt. Archive in Archiven und in überwachten Ordnern bleiben geschlossen.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these formats; none for all</source>
        <translation>Nur diese Formate; keines für alle</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>any size</source>
        <translation>jede Größe</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Patterns of what is left out, one a line</source>
        <translation>Muster dessen, was weggelassen wird, eines je Zeile</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives are opened.</source>
        <translation>Archive werden geöffnet.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Archives stay closed.</source>
        <translation>Archive bleiben geschlossen.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Only these &amp;formats (none ticked: all):</source>
        <translation>Nur diese &amp;Formate (keines angekreuzt: alle):</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>&amp;Leave out, as lines of a .gitignore:</source>
        <translation>&amp;Weglassen, als Zeilen einer .gitignore:</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Leave out files &amp;smaller than (500, 20 kB, 1.5 MB):</source>
        <translation>Dateien weglassen, die &amp;kleiner sind als (500, 20 kB, 1.5 MB):</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>{0} images</source>
        <translation>Bilder in {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source> of at least {0}</source>
        <translation> ab {0}</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>Taken are {0}, {1}.</source>
        <translation>Genommen werden {0}, {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What 1 pattern matches is left out.</source>
        <translation>Was zu 1 Muster passt, wird weggelassen.</translation>
    </message>
    <message>
        <location filename="../../gui/folder_filters.py"/>
        <source>What {n} patterns match is left out.</source>
        <translation>Was zu {n} Mustern passt, wird weggelassen.</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>{0} new files, {1} replaced, of {2}; {3} skipped, {4} failed.</source>
        <translation>{0} neue Dateien, {1} ersetzt, aus {2}; {3} übersprungen, {4} fehlgeschlagen.</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Would</source>
        <translation>Vorgang</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Pixels</source>
        <translation>Pixel</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>About</source>
        <translation>Etwa</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Of, or why</source>
        <translation>Von, oder warum</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>skip</source>
        <translation>überspringen</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>fail</source>
        <translation>fehlschlagen</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>download</source>
        <translation>herunterladen</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>replace</source>
        <translation>ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>write</source>
        <translation>schreiben</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>Together about {0}</source>
        <translation>Zusammen etwa {0}</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, give or take {0}</source>
        <translation>, plus oder minus {0}</translation>
    </message>
    <message>
        <location filename="../../gui/foreseen.py"/>
        <source>, as {0} made in memory tell</source>
        <translation>, nach {0}, die im Speicher erstellt wurden</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Thumbnails, resizes and converts images by the thousand, in a queue that survives anything.</source>
        <translation>Verkleinert und konvertiert Bilder zu Tausenden, in einer Warteschlange, die alles übersteht.</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Free software under the MIT licence. Icons are drawn for it, and share that licence.</source>
        <translation>Freie Software unter der MIT-Lizenz. Die Symbole sind für sie gezeichnet und haben dieselbe Lizenz.</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Open the result of the image that is chosen</source>
        <translation>Das Ergebnis des gewählten Bildes öffnen</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>What can be done with the images that are chosen</source>
        <translation>Was mit den gewählten Bildern getan werden kann</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Go to the next part of the window</source>
        <translation>Zum nächsten Teil des Fensters gehen</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Close a dialog</source>
        <translation>Einen Dialog schließen</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>In the table, and elsewhere</source>
        <translation>In der Tabelle und anderswo</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <location filename="../../gui/help.py"/>
        <source>About Image Queue</source>
        <translation>Über Image Queue</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Something failed. Its row says why; the number of failures below leads to what can be done.</source>
        <translation>Etwas schlug fehl. In seiner Zeile steht, warum; die Zahl der Fehlschläge unten führt zu dem, was Sie tun können.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Space pauses and starts. You may also quit: what waits is kept, and goes on at the next start.</source>
        <translation>Die Leertaste hält an und startet. Sie können auch beenden: Was wartet, bleibt erhalten und geht beim nächsten Start weiter.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Drop on High, Normal or Low to say what comes first. F2 changes it for what is chosen here.</source>
        <translation>Legen Sie auf Hoch, Normal oder Niedrig ab, um zu sagen, was zuerst kommt. F2 ändert es für das, was hier gewählt ist.</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>No more hints</source>
        <translation>Keine Tipps mehr</translation>
    </message>
    <message>
        <location filename="../../gui/hints.py"/>
        <source>Close this hint</source>
        <translation>Diesen Tipp schließen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day (2026-01-31), a folder or a recipe</source>
        <translation>Einen Tag (2026-01-31), einen Ordner oder ein Rezept suchen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Find a day, a folder or a recipe</source>
        <translation>Einen Tag, einen Ordner oder ein Rezept suchen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget all…</source>
        <translation>Alles vergessen…</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Day and folder</source>
        <translation>Tag und Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Skipped</source>
        <translation>Übersprungen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{0} done on {1}</source>
        <translation>{0} an {1} erledigt</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>1 day</source>
        <translation>1 Tag</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>{n} days</source>
        <translation>{n} Tagen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget what was done on all days?</source>
        <translation>Vergessen, was an allen Tagen erledigt wurde?</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Files and the images in the list stay as they are.</source>
        <translation>Die Dateien und die Bilder in der Liste bleiben, wie sie sind.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing matches.</source>
        <translation>Nichts passt.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>Nothing has been done yet.</source>
        <translation>Noch wurde nichts erledigt.</translation>
    </message>
    <message>
        <location filename="../../gui/history.py"/>
        <source>; {0} became {1}, {2} saved</source>
        <translation>; aus {0} wurden {1}, {2} gespart</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Images that are not here</source>
        <translation>Bilder, die nicht hier sind</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import the &amp;missing ones, too; they fail unless they come in time</source>
        <translation>Auch die &amp;fehlenden importieren; sie schlagen fehl, wenn sie nicht rechtzeitig da sind</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import</source>
        <translation>&amp;Importieren</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose the folder on this machine</source>
        <translation>Den Ordner auf diesem Rechner wählen</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Looking for the images…</source>
        <translation>Die Bilder werden gesucht…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Imported {0} from {1}.</source>
        <translation>{0} aus {1} importiert.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of another queue, with their priorities, order and recipes: {1}.</source>
        <translation>{0} einer anderen Warteschlange, mit ihren Prioritäten, ihrer Ordnung und ihren Rezepten: {1}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Folder in the file</source>
        <translation>Ordner in der Datei</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Is here</source>
        <translation>Ist hier</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>the folder on this machine</source>
        <translation>der Ordner auf diesem Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <location filename="../../gui/recipes/controls.py"/>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The file has no images.</source>
        <translation>Die Datei enthält keine Bilder.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source> and {0} more</source>
        <translation> und {0} weitere</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 was here already.</source>
        <translation>1 war schon hier.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} were here already.</source>
        <translation>{n} waren schon hier.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing and was left out.</source>
        <translation>1 fehlt und wurde weggelassen.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing and were left out.</source>
        <translation>{n} fehlen und wurden weggelassen.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Import {0}</source>
        <translation>{0} importieren</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Say where the folders are here: {0} of another system.</source>
        <translation>Sagen Sie, wo die Ordner hier sind: {0} von einem anderen System.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 path is</source>
        <translation>1 Pfad stammt</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} paths are</source>
        <translation>{n} Pfade stammen</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of them are held.</source>
        <translation>{0} davon sind zurückgehalten.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>of a recipe</source>
        <translation>eines Rezepts</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Where {0} is here</source>
        <translation>Wo {0} hier ist</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Choose where {0} is here</source>
        <translation>Wählen, wo {0} hier ist</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>1 is missing.</source>
        <translation>1 fehlt.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{n} are missing.</source>
        <translation>{n} fehlen.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>The image is here.</source>
        <translation>Das Bild ist hier.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>All {n} images are here.</source>
        <translation>Alle {n} Bilder sind hier.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Results go to {0}.</source>
        <translation>Ergebnisse kommen nach {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Originals are replaced, and go to the trash, by: {0}.</source>
        <translation>Originale werden ersetzt und kommen in den Papierkorb, durch: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>Files of the results' names are replaced by: {0}.</source>
        <translation>Dateien mit den Namen der Ergebnisse werden ersetzt durch: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>&amp;Import {0}</source>
        <translation>{0} &amp;importieren</translation>
    </message>
    <message>
        <location filename="../../gui/import_dialog.py"/>
        <source>{0} of {1} are here.</source>
        <translation>{0} von {1} sind hier.</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the selection</source>
        <translation>Details der Auswahl</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Details of the attempt</source>
        <translation>Details des Versuchs</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Copy details</source>
        <translation>Details kopieren</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Select an image to see its details.</source>
        <translation>Wählen Sie ein Bild aus, um seine Details zu sehen.</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>No.</source>
        <translation>Nr.</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>End</source>
        <translation>Ende</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Worker</source>
        <translation>Prozess</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Goes to</source>
        <translation>Kommt nach</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} selected</source>
        <translation>{0} ausgewählt</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Will be</source>
        <translation>Wird zu</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0} became {1}</source>
        <translation>Aus {0} wurden {1}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>(of the first {0})</source>
        <translation>(der ersten {0})</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>Code: {0}</source>
        <translation>Code: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/inspector.py"/>
        <source>{0}, not counted</source>
        <translation>{0}, nicht gezählt</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Picture of the image</source>
        <translation>Ansicht des Bildes</translation>
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
        <translation>Einzelbilder</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Lens</source>
        <translation>Objektiv</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Taken</source>
        <translation>Aufgenommen</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>Exposure</source>
        <translation>Belichtung</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Author</source>
        <translation>Urheber</translation>
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
        <translation>Stelle</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Metadata</source>
        <translation>Metadaten</translation>
    </message>
    <message>
        <location filename="../../gui/job_pictures.py"/>
        <source>is known</source>
        <translation>ist bekannt</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Password of the broker</source>
        <translation>Passwort des Brokers</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Kept in the keyring of this system.</source>
        <translation>Steht im Schlüsselbund dieses Systems.</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None. A new one goes to the keyring</source>
        <translation>Keines. Ein neues kommt in den Schlüsselbund</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Pass&amp;word:</source>
        <translation>Pass&amp;wort:</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>&amp;Try</source>
        <translation>&amp;Probieren</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Look whether the broker answers</source>
        <translation>Nachsehen, ob der Broker antwortet</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>None: images travel to the machines and back over the broker.</source>
        <translation>Keine: Bilder reisen über den Broker zu den Rechnern und zurück.</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>A&amp;dd a folder…</source>
        <translation>&amp;Ordner hinzufügen…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Remo&amp;ve</source>
        <translation>Ent&amp;fernen</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Choose a folder that the machines have, too</source>
        <translation>Einen Ordner wählen, den auch die Rechner haben</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Trying…</source>
        <translation>Wird probiert…</translation>
    </message>
    <message>
        <location filename="../../gui/machine_fields.py"/>
        <source>Folder on this computer</source>
        <translation>Ordner auf diesem Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines cannot be used</source>
        <translation>Rechner nicht nutzbar</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Connecting…</source>
        <translation>Wird verbunden…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker is away</source>
        <translation>Der Broker ist fort</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>The broker refuses</source>
        <translation>Der Broker lehnt ab</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <source>Machines…</source>
        <translation>Rechner…</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 machine</source>
        <translation>1 Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/machines.py"/>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} machines</source>
        <translation>{n} Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <source>Machines</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>To &amp;add a machine, run these two commands on it:</source>
        <translation>Damit ein Rechner d&amp;azukommt, führen Sie darauf diese zwei Befehle aus:</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>&amp;Broker and folders…</source>
        <translation>&amp;Broker und Ordner…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No machine is at work for this queue. Choose a broker, and start a worker on another computer with the two commands below.</source>
        <translation>Kein Rechner arbeitet für diese Warteschlange. Wählen Sie einen Broker, und starten Sie auf einem anderen Rechner mit den zwei Befehlen unten einen Worker.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Commands that start a worker on another machine</source>
        <translation>Befehle, die auf einem anderen Rechner einen Worker starten</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The same</source>
        <translation>Dieselben</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the computer with the broker, {1} for the password of this user.</source>
        <translation>{0} steht für den Rechner mit dem Broker, {1} für das Passwort dieses Benutzers.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is on this computer: others find it by the name of the computer.</source>
        <translation>Der Broker ist auf diesem Rechner: Andere finden ihn unter dem Namen des Rechners.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>No broker is set: this computer works alone.</source>
        <translation>Es ist kein Broker eingestellt: Dieser Rechner arbeitet allein.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker is away, and tried again by itself. This computer goes on alone. {0}</source>
        <translation>Der Broker ist fort und wird von selbst wieder versucht. Dieser Rechner macht allein weiter. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Machine</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Slots</source>
        <translation>Plätze</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Images/s</source>
        <translation>Bilder/s</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Last heard of</source>
        <translation>Zuletzt gehört</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Shared folders</source>
        <translation>Gemeinsame Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} of {1} not the same</source>
        <translation>{0} von {1} nicht dieselben</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>1 slot</source>
        <translation>1 Platz</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{n} slots</source>
        <translation>{n} Plätze</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} on {1}: {2}</source>
        <translation>{0} auf {1}: {2}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And 1 more.</source>
        <translation>Und 1 weiterer.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>And {n} more.</source>
        <translation>Und {n} weitere.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>This computer works alone. {0}</source>
        <translation>Dieser Rechner arbeitet allein. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connecting to {0}…</source>
        <translation>Verbindung mit {0}…</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>The broker refuses. This computer goes on alone. {0}</source>
        <translation>Der Broker lehnt ab. Dieser Rechner macht allein weiter. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>Connected to {0}: {1}, {2}.</source>
        <translation>Verbunden mit {0}: {1}, {2}.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} stands for the password of the broker.</source>
        <translation>{0} steht für das Passwort des Brokers.</translation>
    </message>
    <message>
        <location filename="../../gui/machines_dialog.py"/>
        <source>{0} ago</source>
        <translation>vor {0}</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Main toolbar</source>
        <translation>Haupt-Werkzeugleiste</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Drop images, folders or links here</source>
        <translation>Bilder, Ordner oder Links hier ablegen</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>They are queued, and four workers make the copies that the recipe above describes.
Nothing is lost when you pause, quit, or lose power.</source>
        <translation>Sie kommen in die Warteschlange, und vier Arbeitsprozesse erstellen die Kopien, die das Rezept oben beschreibt.
Nichts geht verloren, wenn Sie anhalten, beenden oder der Strom ausfällt.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Show all</source>
        <translation>Alle zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing matches</source>
        <translation>Nichts passt</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image listed here has this in its name or folder.</source>
        <translation>Kein Bild in dieser Liste hat das in seinem Namen oder Ordner.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What fails is listed here by its kind, with what to do about it.</source>
        <translation>Was fehlschlägt, steht hier nach seiner Art, mit dem, was Sie tun können.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing here</source>
        <translation>Hier ist nichts</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>No image is in this state now.</source>
        <translation>Kein Bild ist jetzt in diesem Zustand.</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>Nothing failed</source>
        <translation>Nichts schlug fehl</translation>
    </message>
    <message>
        <location filename="../../gui/main_window.py"/>
        <source>What was copied is no file, no path, no link and no picture.</source>
        <translation>Was kopiert wurde, ist keine Datei, kein Pfad, kein Link und kein Bild.</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Queue</source>
        <translation>&amp;Warteschlange</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Columns</source>
        <translation>&amp;Spalten</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Sort by</source>
        <translation>S&amp;ortieren nach</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Image</source>
        <translation>Bi&amp;ld</translation>
    </message>
    <message>
        <location filename="../../gui/menus.py"/>
        <source>&amp;Appearance</source>
        <translation>&amp;Erscheinungsbild</translation>
    </message>
    <message>
        <location filename="../../gui/notice.py"/>
        <source>Close this notice</source>
        <translation>Diesen Hinweis schließen</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>The link leads to a page, not to an image. The page names {{0}}.</source>
        <translation>Der Link führt zu einer Seite, nicht zu einem Bild. Die Seite nennt {{0}}.</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>{n} links lead to pages, not to images. The pages name {{0}}.</source>
        <translation>{n} Links führen zu Seiten, nicht zu Bildern. Die Seiten nennen {{0}}.</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add this image</source>
        <translation>Dieses Bild hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/pages.py"/>
        <source>Add these {n} images</source>
        <translation>Diese {n} Bilder hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>The original's place; the original goes to the trash</source>
        <translation>An den Platz des Originals; das Original kommt in den Papierkorb</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Beside the source</source>
        <translation>Neben der Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/plans.py"/>
        <source>{0}, with subfolders</source>
        <translation>{0}, mit Unterordnern</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at once.</source>
        <translation>Gilt sofort.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For folders that are added from now on, and for watched ones at once.</source>
        <translation>Für Ordner, die von jetzt an hinzugefügt werden, und für überwachte sofort.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore &amp;defaults…</source>
        <translation>&amp;Vorgaben wiederherstellen…</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Work</source>
        <translation>Arbeit</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>When done</source>
        <translation>Danach</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Broker:</source>
        <translation>&amp;Broker:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The URL of a RabbitMQ or a Redis through which workers on other machines get images. Takes effect at once. Empty: this computer works alone.</source>
        <translation>Die URL eines RabbitMQ oder Redis, über den Worker auf anderen Rechnern Bilder bekommen. Gilt sofort. Leer: Dieser Rechner arbeitet allein.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Shared folders:</source>
        <translation>&amp;Gemeinsame Ordner:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Folders that the machines have, too, so that images in them need not travel. A worker is told its own path of each, by --share and the name. Takes effect at once.</source>
        <translation>Ordner, die auch die Rechner haben, sodass Bilder darin nicht reisen müssen. Einem Worker wird sein eigener Pfad dazu gesagt, durch --share und den Namen. Gilt sofort.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Appearance:</source>
        <translation>&amp;Erscheinungsbild:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Language:</source>
        <translation>&amp;Sprache:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Takes effect at the next start.</source>
        <translation>Gilt ab dem nächsten Start.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Open</source>
        <translation>Ö&amp;ffnen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Data folder:</source>
        <translation>&amp;Datenordner:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Workers:</source>
        <translation>&amp;Arbeitsprozesse:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Images that are worked on at the same time. Takes effect at once; a worker that is too many finishes its image first.</source>
        <translation>Bilder, die gleichzeitig bearbeitet werden. Gilt sofort; ein überzähliger Prozess macht sein Bild erst fertig.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Time limit:</source>
        <translation>&amp;Zeitgrenze:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For one attempt at one image. Holds for attempts that begin from now on.</source>
        <translation>Für einen Versuch an einem Bild. Gilt für Versuche, die von jetzt an beginnen.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Memory limit:</source>
        <translation>&amp;Speichergrenze:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For each worker. Holds for attempts that begin from now on.</source>
        <translation>Für jeden Arbeitsprozess. Gilt für Versuche, die von jetzt an beginnen.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Retries:</source>
        <translation>&amp;Wiederholungen:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>After the first attempt, where a retry can help. For images that are added from now on.</source>
        <translation>Nach dem ersten Versuch, wo ein weiterer helfen kann. Für Bilder, die von jetzt an hinzugefügt werden.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Aging:</source>
        <translation>A&amp;ltern:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time to &amp;finish:</source>
        <translation>Zeit zum A&amp;bschließen:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is t&amp;here:</source>
        <translation>Wenn eine Dat&amp;ei schon da ist:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For images that are added from now on.</source>
        <translation>Für Bilder, die von jetzt an hinzugefügt werden.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Leave out of folders:</source>
        <translation>Aus Ordnern &amp;weglassen:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Only the formats:</source>
        <translation>&amp;Nur die Formate:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Nothing here means all.</source>
        <translation>Nichts hier bedeutet alle.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Files of at &amp;least:</source>
        <translation>Dateien a&amp;b:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Smaller files of a folder are left out.</source>
        <translation>Kleinere Dateien eines Ordners werden weggelassen.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What was made before is told by what a file holds, not by its time.</source>
        <translation>Was schon erstellt wurde, wird am Inhalt einer Datei erkannt, nicht an ihrer Zeit.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Take h&amp;idden files of folders, too</source>
        <translation>Auch vers&amp;teckte Dateien aus Ordnern nehmen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open ar&amp;chives in folders</source>
        <translation>Ar&amp;chive in Ordnern öffnen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Archives that are added by themselves are always opened.</source>
        <translation>Archive, die einzeln hinzugefügt werden, werden immer geöffnet.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Notify me when all is done</source>
        <translation>&amp;Benachrichtigen, wenn alles fertig ist</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Once a run, with the failures in it, only where the window is not in front.</source>
        <translation>Einmal je Lauf, mit den Fehlschlägen, nur wenn das Fenster nicht vorne ist.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;When done, at each start:</source>
        <translation>&amp;Danach, bei jedem Start:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>What ends something, such as to shut down, is chosen in the window each time.</source>
        <translation>Was etwas beendet, etwa das Herunterfahren, wird jedes Mal im Fenster gewählt.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>&amp;Keep the machine awake while images are worked on</source>
        <translation>Den Rechner &amp;wach halten, während Bilder bearbeitet werden</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Show an &amp;icon in the tray</source>
        <translation>Ein &amp;Symbol im Infobereich zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;each image:</source>
        <translation>Befehl nach &amp;jedem Bild:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{source}, {output}, {outputs}, {id} and {recipe} stand for what they say; no shell reads them. One that fails is noted in the image's row.</source>
        <translation>{source}, {output}, {outputs}, {id} und {recipe} stehen für das, was sie sagen; keine Shell liest sie. Schlägt einer fehl, steht es in der Zeile des Bildes.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Command after &amp;all:</source>
        <translation>Befehl nach &amp;allen:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{done}, {failed}, {skipped} and {cancelled} stand for how many.</source>
        <translation>{done}, {failed}, {skipped} und {cancelled} stehen für die Anzahl.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Time for a co&amp;mmand:</source>
        <translation>&amp;Zeit für einen Befehl:</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Then it is ended.</source>
        <translation>Dann wird er beendet.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore the defaults of all preferences?</source>
        <translation>Die Vorgaben aller Einstellungen wiederherstellen?</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the recipes and the watched folders stay as they are.</source>
        <translation>Die Warteschlange, die Rezepte und die überwachten Ordner bleiben, wie sie sind.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Restore</source>
        <translation>Wiederherstellen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>s</source>
        <translation>s</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>No limit</source>
        <translation>Keine Grenze</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/words.py"/>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>min</source>
        <translation>min</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Never</source>
        <translation>Nie</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example:
*-small.jpg
old/</source>
        <translation>Zum Beispiel:
*-klein.jpg
alt/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: jpeg, png, raw</source>
        <translation>Zum Beispiel: jpeg, png, raw</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <location filename="../../gui/words.py"/>
        <source>kB</source>
        <translation>kB</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Any size</source>
        <translation>Jede Größe</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: rsync {output} backup:/photos/</source>
        <translation>Zum Beispiel: rsync {output} backup:/fotos/</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>For example: notify-send '{done} done, {failed} failed'</source>
        <translation>Zum Beispiel: notify-send '{done} fertig, {failed} fehlgeschlagen'</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>The queue, the settings and the log are kept here. Another folder is taken at the next start, with --data-dir or the variable {0}.</source>
        <translation>Die Warteschlange, die Einstellungen und das Protokoll liegen hier. Ein anderer Ordner gilt beim nächsten Start, mit --data-dir oder der Variablen {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>A worker needs 64 MB or more; 0 is for no limit.</source>
        <translation>Ein Arbeitsprozess braucht 64 MB oder mehr; 0 steht für keine Grenze.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>An image that has waited so long goes before any priority. {0}</source>
        <translation>Ein Bild, das so lange gewartet hat, kommt vor jeder Priorität. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>That images being worked on get when you quit. {0}</source>
        <translation>Die Bilder in Arbeit bekommen, wenn Sie beenden. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep it</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Number the new one</source>
        <translation>Die neue nummerieren</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace it if older</source>
        <translation>Ersetzen, wenn älter</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>One pattern a line, as in a .gitignore. {0}</source>
        <translation>Ein Muster je Zeile, wie in einer .gitignore. {0}</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Do nothing more</source>
        <translation>Nichts weiter tun</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Notify me in any case</source>
        <translation>In jedem Fall benachrichtigen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>Open the folder</source>
        <translation>Den Ordner öffnen</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>{0} Where the desktop has a tray.</source>
        <translation>{0} Wo der Schreibtisch einen Infobereich hat.</translation>
    </message>
    <message>
        <location filename="../../gui/preferences.py"/>
        <source>It</source>
        <translation>Es</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Progress of the whole run</source>
        <translation>Fortschritt des ganzen Laufs</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Show what failed, and what to do about it</source>
        <translation>Zeigen, was fehlschlug und was zu tun ist</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>saved {0} ({1})</source>
        <translation>{0} gespart ({1})</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} larger ({1})</source>
        <translation>{0} größer ({1})</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>Paused, {0}</source>
        <translation>Angehalten, {0}</translation>
    </message>
    <message>
        <location filename="../../gui/progress.py"/>
        <source>{0} images/s</source>
        <translation>{0} Bilder/s</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>No image is waiting any more; nothing was written.</source>
        <translation>Kein Bild wartet mehr; nichts wurde geschrieben.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Import a queue</source>
        <translation>Warteschlange importieren</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Left out, as they are on this machine alone (pasted pictures, archives, images that become one file): {0}.</source>
        <translation>Weggelassen, da nur auf diesem Rechner vorhanden (eingefügte Bilder, Archive, Bilder, die eine Datei werden): {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Exported {0} to {1}.</source>
        <translation>{0} nach {1} exportiert.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Image Queue jobs (*{0})</source>
        <translation>Aufträge von Image Queue (*{0})</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>They wait here, too.</source>
        <translation>Sie warten auch hier.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Held here until they are released: {0}.</source>
        <translation>Hier zurückgehalten, bis sie freigegeben werden: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Nothing was written.</source>
        <translation>Nichts wurde geschrieben.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_files.py"/>
        <source>Removed from the list here: {0}.</source>
        <translation>Hier von der Liste genommen: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Cancelling…</source>
        <translation>Wird abgebrochen…</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Running {n} %</source>
        <translation>Läuft {n} %</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>Retrying in {time}</source>
        <translation>Neuer Versuch in {time}</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>number {n} in the queue</source>
        <translation>Nummer {n} in der Warteschlange</translation>
    </message>
    <message>
        <location filename="../../gui/queue_model.py"/>
        <source>priority {word}</source>
        <translation>Priorität {word}</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Images in the queue</source>
        <translation>Bilder in der Warteschlange</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Fit widths to contents</source>
        <translation>Breiten an den Inhalt anpassen</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Restore default columns</source>
        <translation>Vorgegebene Spalten wiederherstellen</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>The order in which they were added</source>
        <translation>Die Ordnung, in der sie hinzugefügt wurden</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Rising</source>
        <translation>Aufsteigend</translation>
    </message>
    <message>
        <location filename="../../gui/queue_view.py"/>
        <source>Falling</source>
        <translation>Absteigend</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output folder</source>
        <translation>Ausgabeordner</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Keep su&amp;bfolders</source>
        <translation>&amp;Unterordner behalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>In the output folder, use the same folders as below the folder that you add</source>
        <translation>Im Ausgabeordner dieselben Ordner benutzen wie unter dem Ordner, den Sie hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>If a file is there already</source>
        <translation>Wenn eine Datei schon da ist</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made of links goes to your Pictures folder</source>
        <translation>Was aus Links entsteht, kommt in Ihren Bilder-Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Replace the original</source>
        <translation>Das Original ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose a folder…</source>
        <translation>Ordner wählen…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Edit recipes…</source>
        <translation>Rezepte bearbeiten…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file…</source>
        <translation>Rezeptdatei laden…</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes one file of many images: it cannot replace them</source>
        <translation>Dieses Rezept macht eine Datei aus vielen Bildern: Sie kann sie nicht ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>What is made takes the original's place, and the original goes to the trash</source>
        <translation>Das Ergebnis tritt an die Stelle des Originals, und das Original kommt in den Papierkorb</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>One file of many images has no one source that could be newer</source>
        <translation>Eine Datei aus vielen Bildern hat keine eine Quelle, die neuer sein könnte</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Replace the original (by the recipe)</source>
        <translation>Das Original ersetzen (laut Rezept)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Load a recipe file</source>
        <translation>Rezeptdatei laden</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes (*.toml)</source>
        <translation>Rezepte (*.toml)</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Choose the output folder</source>
        <translation>Den Ausgabeordner wählen</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>Reci&amp;pe:</source>
        <translation>Re&amp;zept:</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>&amp;To:</source>
        <translation>&amp;Nach:</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>This recipe makes {0} files of each image: they cannot replace it</source>
        <translation>Dieses Rezept macht {0} Dateien aus jedem Bild: Sie können es nicht ersetzen</translation>
    </message>
    <message>
        <location filename="../../gui/recipe_bar.py"/>
        <source>{0} (by the recipe)</source>
        <translation>{0} (laut Rezept)</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Recipes</source>
        <translation>Rezepte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Built in</source>
        <translation>Mitgeliefert</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>Your own</source>
        <translation>Ihre eigenen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>This is the default.</source>
        <translation>Das ist die Vorgabe.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/book.py"/>
        <source>{0}, the default</source>
        <translation>{0}, die Vorgabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>Change recipe</source>
        <translation>Rezept ändern</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} will become “{1}”.</source>
        <translation>{0} bekommen „{1}“.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>None of these images waits any more.</source>
        <translation>Keines dieser Bilder wartet mehr.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/changing.py"/>
        <source>{0} stay as they are: they are gathered into one file.</source>
        <translation>{0} bleiben, wie sie sind: Sie werden in einer Datei gesammelt.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose a colour</source>
        <translation>Farbe wählen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Insert a part of the name</source>
        <translation>Einen Teil des Namens einfügen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Transparent</source>
        <translation>Durchsichtig</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>Choose: {0}</source>
        <translation>Wählen: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/controls.py"/>
        <source>For example {0}</source>
        <translation>Zum Beispiel {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;New recipe</source>
        <translation>&amp;Neues Rezept</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Duplicate</source>
        <translation>&amp;Duplizieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Rename</source>
        <translation>&amp;Umbenennen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>D&amp;elete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Import…</source>
        <translation>&amp;Importieren…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>E&amp;xport…</source>
        <translation>E&amp;xportieren…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Set as de&amp;fault</source>
        <translation>Als Vor&amp;gabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Redo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>An &amp;output</source>
        <translation>Eine &amp;Ausgabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Re&amp;move</source>
        <translation>&amp;Entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>Move &amp;down</source>
        <translation>Nach &amp;unten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Add</source>
        <translation>&amp;Hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/deeds.py"/>
        <source>&amp;Recipe</source>
        <translation>&amp;Rezept</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>This recipe comes with the app, and stays as it is.</source>
        <translation>Dieses Rezept gehört zur App und bleibt, wie es ist.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Duplicate to change it</source>
        <translation>Duplizieren, um es zu ändern</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching on</source>
        <translation>Einschalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>switching off</source>
        <translation>Ausschalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>moving</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding an output</source>
        <translation>Hinzufügen einer Ausgabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>New recipe</source>
        <translation>Neues Rezept</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>renaming</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Import a recipe</source>
        <translation>Rezept importieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Export the recipe</source>
        <translation>Rezept exportieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>change of {0}</source>
        <translation>Änderung von {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding {0}</source>
        <translation>Hinzufügen von {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>adding a recipe</source>
        <translation>Hinzufügen eines Rezepts</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>duplicating</source>
        <translation>Duplizieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Deleted “{0}”. Jobs that have it keep it.</source>
        <translation>„{0}“ wurde gelöscht. Aufträge, die es haben, behalten es.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>importing</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Exported to {0}.</source>
        <translation>Nach {0} exportiert.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>removing {0}</source>
        <translation>Entfernen von {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>deleting {0}</source>
        <translation>Löschen von {0}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/editor.py"/>
        <source>Imported “{0}”.</source>
        <translation>„{0}“ wurde importiert.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width</source>
        <translation>Breite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Height</source>
        <translation>Höhe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Background</source>
        <translation>Hintergrund</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Enlarge small images</source>
        <translation>Kleine Bilder vergrößern</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Radius</source>
        <translation>Radius</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Description</source>
        <translation>Beschreibung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep subfolders</source>
        <translation>Unterordner behalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>If a file is there</source>
        <translation>Wenn eine Datei schon da ist</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep the time of change</source>
        <translation>Änderungszeit behalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fast decoding of JPEG</source>
        <translation>JPEG schnell decodieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Skip files that get larger</source>
        <translation>Dateien überspringen, die größer werden</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Gather into one file</source>
        <translation>In einer Datei sammeln</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>File name</source>
        <translation>Dateiname</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality</source>
        <translation>Qualität</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Without loss</source>
        <translation>Ohne Verlust</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Progressive</source>
        <translation>Progressiv</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller by MozJPEG</source>
        <translation>Kleiner durch MozJPEG</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour detail</source>
        <translation>Farbauflösung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Palette</source>
        <translation>Palette</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep animations</source>
        <translation>Animationen behalten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>PNG compression</source>
        <translation>PNG-Komprimierung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>TIFF compression</source>
        <translation>TIFF-Komprimierung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Effort</source>
        <translation>Aufwand</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>At most</source>
        <translation>Höchstens</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Looks the same</source>
        <translation>Sieht gleich aus</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fill the box</source>
        <translation>Den Rahmen füllen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scale</source>
        <translation>Maßstab</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretch to exactly the box</source>
        <translation>Genau auf den Rahmen strecken</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How it fits</source>
        <translation>Wie es passt</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the left</source>
        <translation>Von links</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>From the top</source>
        <translation>Von oben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width to height</source>
        <translation>Breite zu Höhe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Around</source>
        <translation>Um</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Tolerance</source>
        <translation>Toleranz</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Angle</source>
        <translation>Winkel</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Direction</source>
        <translation>Richtung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Opacity</source>
        <translation>Deckkraft</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Margin</source>
        <translation>Rand</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Repeat all over</source>
        <translation>Überall wiederholen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour</source>
        <translation>Farbe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Font file</source>
        <translation>Schriftdatei</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Amount</source>
        <translation>Stärke</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Threshold</source>
        <translation>Schwelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Brightness</source>
        <translation>Helligkeit</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Contrast</source>
        <translation>Kontrast</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Saturation</source>
        <translation>Sättigung</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile file</source>
        <translation>Profildatei</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Density</source>
        <translation>Dichte</translation>
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
        <translation>Entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, without the location</source>
        <translation>Behalten, ohne den Aufnahmeort</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Convert to sRGB</source>
        <translation>In sRGB umwandeln</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keep, with their profile</source>
        <translation>Behalten, mit ihrem Profil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As in the source</source>
        <translation>Wie in der Quelle</translation>
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
        <translation>Den Rahmen füllen, den Rest abschneiden</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cover the box, cut off nothing</source>
        <translation>Den Rahmen bedecken, nichts abschneiden</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box, filled up with a colour</source>
        <translation>Im Rahmen, mit einer Farbe aufgefüllt</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Stretched to exactly the box</source>
        <translation>Genau auf den Rahmen gestreckt</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye</source>
        <translation>Der Teil, der den Blick anzieht</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left and right</source>
        <translation>Links und rechts</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top and bottom</source>
        <translation>Oben und unten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:4:4, full</source>
        <translation>4:4:4, voll</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:2, half across</source>
        <translation>4:2:2, waagerecht halb</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>4:2:0, half both ways</source>
        <translation>4:2:0, in beiden Richtungen halb</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top left</source>
        <translation>Oben links</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top</source>
        <translation>Oben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Top right</source>
        <translation>Oben rechts</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Left</source>
        <translation>Links</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Centre</source>
        <translation>Mitte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Right</source>
        <translation>Rechts</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom left</source>
        <translation>Unten links</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom</source>
        <translation>Unten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Bottom right</source>
        <translation>Unten rechts</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>By</source>
        <translation>Nach</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Add an output, or switch one on.</source>
        <translation>Fügen Sie eine Ausgabe hinzu, oder schalten Sie eine ein.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Give it a name.</source>
        <translation>Geben Sie ihm einen Namen.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Another output has this name.</source>
        <translation>Eine andere Ausgabe hat diesen Namen.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a folder, or give its whole path.</source>
        <translation>Wählen Sie einen Ordner, oder geben Sie seinen ganzen Pfad an.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Choose a file, or give its whole path.</source>
        <translation>Wählen Sie eine Datei, oder geben Sie ihren ganzen Pfad an.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As the source</source>
        <translation>Wie die Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As usual</source>
        <translation>Wie üblich</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A whole number from {low} to {high}</source>
        <translation>Eine ganze Zahl von {low} bis {high}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{low} to {high}</source>
        <translation>{low} bis {high}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's name</source>
        <translation>Name der Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the output's name</source>
        <translation>Name der Ausgabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>width in pixels</source>
        <translation>Breite in Pixeln</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>height in pixels</source>
        <translation>Höhe in Pixeln</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>a counter, as 0001</source>
        <translation>ein Zähler, wie 0001</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>when it was taken, as 2026-11-25</source>
        <translation>wann es aufgenommen wurde, wie 2026-11-25</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>folders by year and month</source>
        <translation>Ordner nach Jahr und Monat</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the time of day, as 10-31-05</source>
        <translation>die Uhrzeit, wie 10-31-05</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the camera</source>
        <translation>die Kamera</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the source's suffix</source>
        <translation>Endung der Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>What holds for all files that this recipe makes.</source>
        <translation>Was für alle Dateien gilt, die dieses Rezept macht.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>One file that is made of each image.</source>
        <translation>Eine Datei, die aus jedem Bild entsteht.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Fits the image into a box, or fills the box and cuts off what stands out.</source>
        <translation>Passt das Bild in einen Rahmen ein, oder füllt den Rahmen und schneidet ab, was übersteht.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Scales the image. It gets larger only where you allow that.</source>
        <translation>Skaliert das Bild. Größer wird es nur, wo Sie es erlauben.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Cuts out a part of the image.</source>
        <translation>Schneidet einen Teil des Bildes aus.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Turns the image clockwise.</source>
        <translation>Dreht das Bild im Uhrzeigersinn.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mirrors the image.</source>
        <translation>Spiegelt das Bild.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sets the image upright by its EXIF, which is always done first.</source>
        <translation>Stellt das Bild nach seinem EXIF aufrecht, was immer zuerst geschieht.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts a text or an image onto the image.</source>
        <translation>Setzt einen Text oder ein Bild auf das Bild.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Puts an even border around the image, which grows by it.</source>
        <translation>Zieht einen gleichmäßigen Rand um das Bild, das dadurch wächst.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpens for the size of the output; best as the last step.</source>
        <translation>Schärft für die Größe der Ausgabe; am besten als letzter Schritt.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blurs the whole image.</source>
        <translation>Zeichnet das ganze Bild weich.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Takes the colours away.</source>
        <translation>Nimmt die Farben weg.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Changes brightness, contrast and saturation.</source>
        <translation>Ändert Helligkeit, Kontrast und Sättigung.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lays what is transparent on a colour.</source>
        <translation>Legt, was durchsichtig ist, auf eine Farbe.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Writes this output in other colours than the rest.</source>
        <translation>Schreibt diese Ausgabe in anderen Farben als die übrigen.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Keeps or strips the metadata of this output, and names who made it.</source>
        <translation>Behält oder entfernt die Metadaten dieser Ausgabe und nennt, wer sie gemacht hat.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Notes the density for print. No pixel changes.</source>
        <translation>Vermerkt die Dichte für den Druck. Kein Pixel ändert sich.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 100</source>
        <translation>von 100</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 9</source>
        <translation>von 9</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>of 10</source>
        <translation>von 10</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>megapixels</source>
        <translation>Megapixel</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>levels of 255</source>
        <translation>Stufen von 255</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>° clockwise</source>
        <translation>° im Uhrzeigersinn</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the image</source>
        <translation>% des Bildes</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>% of the shorter side</source>
        <translation>% der kürzeren Seite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>px on each side</source>
        <translation>px auf jeder Seite</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>pixels per inch</source>
        <translation>Pixel je Zoll</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as usual</source>
        <translation>wie üblich</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as wide</source>
        <translation>gleich breit</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>in proportion</source>
        <translation>im Verhältnis</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>as for all outputs</source>
        <translation>wie für alle Ausgaben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>the app's own</source>
        <translation>die der App</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>one sentence</source>
        <translation>ein Satz</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>choose a folder</source>
        <translation>Ordner wählen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Lets the JPEG decoder shrink; off is a little better, and slower.</source>
        <translation>Lässt den JPEG-Decoder verkleinern; aus ist ein wenig besser und langsamer.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Laid under transparency where the format has none.</source>
        <translation>Liegt unter der Transparenz, wo das Format keine hat.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file with more bytes than its source is not written.</source>
        <translation>Eine Datei mit mehr Bytes als ihre Quelle wird nicht geschrieben.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The files get the time at which their source was last changed.</source>
        <translation>Die Dateien bekommen die Zeit, zu der ihre Quelle zuletzt geändert wurde.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the folder, the same folders as below the folder that you add.</source>
        <translation>Im Ordner dieselben Ordner wie unter dem Ordner, den Sie hinzufügen.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All images that are added together become the pages of one PDF or TIFF.</source>
        <translation>Alle zusammen hinzugefügten Bilder werden die Seiten einer PDF oder TIFF.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 10 the smallest.</source>
        <translation>0 ist am schnellsten, 10 am kleinsten.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>0 is the fastest, 9 the smallest; the pixels are the same.</source>
        <translation>0 ist am schnellsten, 9 am kleinsten; die Pixel sind dieselben.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A sixth smaller at the same quality, and slower.</source>
        <translation>Ein Sechstel kleiner bei gleicher Qualität, und langsamer.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Shows coarse first while it is loaded.</source>
        <translation>Zeigt beim Laden erst ein grobes Bild.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The part that draws the eye is found by edges, skin and strong colours.</source>
        <translation>Der Teil, der den Blick anzieht, wird an Kanten, Haut und kräftigen Farben erkannt.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>How far the borders that are cut off may differ in colour.</source>
        <translation>Wie weit die Ränder, die abgeschnitten werden, in der Farbe abweichen dürfen.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Smaller differences stay as they are: noise is not to be sharpened.</source>
        <translation>Kleinere Unterschiede bleiben, wie sie sind: Rauschen soll nicht geschärft werden.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>{n} colours</source>
        <translation>{n} Farben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Quality by</source>
        <translation>Qualität nach</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Mark</source>
        <translation>Zeichen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Profile</source>
        <translation>Profil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In a folder</source>
        <translation>In einen Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>In the original's place, which goes to the trash</source>
        <translation>An die Stelle des Originals, das in den Papierkorb kommt</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A number</source>
        <translation>Einer Zahl</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The size of the file</source>
        <translation>Der Größe der Datei</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The eye: looks the same</source>
        <translation>Dem Auge: sieht gleich aus</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Nothing lost</source>
        <translation>Nichts geht verloren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Width and height</source>
        <translation>Breite und Höhe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Per cent</source>
        <translation>Prozent</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Megapixels</source>
        <translation>Megapixel</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Proportions</source>
        <translation>Verhältnis</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The borders</source>
        <translation>Die Ränder</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A text</source>
        <translation>Ein Text</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>An image file</source>
        <translation>Eine Bilddatei</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A known one</source>
        <translation>Ein bekanntes</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>A file</source>
        <translation>Eine Datei</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All outputs</source>
        <translation>Alle Ausgaben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Output</source>
        <translation>Ausgabe</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Thumbnail</source>
        <translation>Vorschaubild</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Resize</source>
        <translation>Skalieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Crop</source>
        <translation>Zuschneiden</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Rotate</source>
        <translation>Drehen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flip</source>
        <translation>Spiegeln</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Set upright</source>
        <translation>Aufrecht stellen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Watermark</source>
        <translation>Wasserzeichen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Border</source>
        <translation>Rahmen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Sharpen</source>
        <translation>Schärfen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Blur</source>
        <translation>Weichzeichnen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Grey</source>
        <translation>Grau</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Adjust</source>
        <translation>Anpassen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Flatten</source>
        <translation>Reduzieren</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Colour profile</source>
        <translation>Farbprofil</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Print density</source>
        <translation>Druckdichte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>Inside the box</source>
        <translation>Im Rahmen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>The centre</source>
        <translation>Die Mitte</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>As for all outputs</source>
        <translation>Wie für alle Ausgaben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/labels.py"/>
        <source>All colours</source>
        <translation>Alle Farben</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>Outputs and operations</source>
        <translation>Ausgaben und Operationen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/outline.py"/>
        <source>{0}, switched off</source>
        <translation>{0}, ausgeschaltet</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Add images to the queue, or choose one,
to see what becomes of it.</source>
        <translation>Fügen Sie der Warteschlange Bilder hinzu, oder wählen Sie eines,
um zu sehen, was daraus wird.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Image to look at</source>
        <translation>Bild zum Ansehen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at another image</source>
        <translation>Ein anderes Bild ansehen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>larger than the source</source>
        <translation>größer als die Quelle</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Look at an image</source>
        <translation>Ein Bild ansehen</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} bytes</source>
        <translation>{0} Bytes</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>It would not be written, as it is larger than its source.</source>
        <translation>Es würde nicht geschrieben, da es größer ist als seine Quelle.</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>Being made…</source>
        <translation>Wird erstellt…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>About {0}, being made…</source>
        <translation>Etwa {0}, wird erstellt…</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} smaller</source>
        <translation>{0} kleiner</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/preview_pane.py"/>
        <source>{0} becomes {1}</source>
        <translation>Aus {0} wird {1}</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Edit it</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <location filename="../../gui/recipes/recipes.py"/>
        <source>Imported the recipe “{0}”, which is chosen now.</source>
        <translation>Das Rezept „{0}“ wurde importiert und ist jetzt gewählt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Ready.</source>
        <translation>Bereit.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make room on the disk, or choose another output folder; then press Start.</source>
        <translation>Schaffen Sie Platz auf dem Laufwerk, oder wählen Sie einen anderen Ausgabeordner; drücken Sie dann Start.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose an output folder that you may write to, and retry.</source>
        <translation>Wählen Sie einen Ausgabeordner, in den Sie schreiben dürfen, und versuchen Sie es erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Change the file's permissions so that you may read it, then retry.</source>
        <translation>Ändern Sie die Rechte der Datei, sodass Sie sie lesen dürfen, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See whether there is room and a trash on that disk, or let outputs go to a folder.</source>
        <translation>Sehen Sie nach, ob auf dem Laufwerk Platz und ein Papierkorb ist, oder lassen Sie die Ausgaben in einen Ordner gehen.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another place for the outputs than that of the original.</source>
        <translation>Wählen Sie für die Ausgaben einen anderen Ort als den des Originals.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the program that uses the file, then retry.</source>
        <translation>Schließen Sie das Programm, das die Datei benutzt, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk or the network connection, then retry.</source>
        <translation>Prüfen Sie das Laufwerk oder die Netzwerkverbindung, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The file may be damaged in a way that its decoder does not survive.</source>
        <translation>Die Datei ist vielleicht so beschädigt, dass ihr Decoder es nicht übersteht.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>See in View, Machines whether it is there again, then retry.</source>
        <translation>Sehen Sie unter Ansicht, Rechner nach, ob er wieder da ist, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the machine has less to do, or raise the time limit in the preferences.</source>
        <translation>Versuchen Sie es erneut, wenn der Rechner weniger zu tun hat, oder erhöhen Sie die Zeitgrenze in den Einstellungen.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Raise the memory limit in the preferences, or make the image smaller first.</source>
        <translation>Erhöhen Sie die Speichergrenze in den Einstellungen, oder verkleinern Sie das Bild zuerst.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry it: the app ended while the image was being worked on.</source>
        <translation>Versuchen Sie es erneut: Die App endete, während das Bild bearbeitet wurde.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Install the package that the message names, then retry.</source>
        <translation>Installieren Sie das Paket, das die Meldung nennt, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the network connection, then retry.</source>
        <translation>Prüfen Sie die Netzwerkverbindung, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Retry when the network is less busy; what was downloaded so far is kept.</source>
        <translation>Versuchen Sie es erneut, wenn das Netzwerk weniger ausgelastet ist; was schon geladen ist, bleibt erhalten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Wait until the server is well again, then retry.</source>
        <translation>Warten Sie, bis der Server wieder in Ordnung ist, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the shared folder and the network between the machines, then retry.</source>
        <translation>Prüfen Sie den gemeinsamen Ordner und das Netz zwischen den Rechnern, und wiederholen Sie es.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Close the other Image Queue first.</source>
        <translation>Schließen Sie zuerst das andere Image Queue.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the disk and the permissions of the data folder.</source>
        <translation>Prüfen Sie das Laufwerk und die Rechte des Datenordners.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Update Image Queue to the version that wrote the queue.</source>
        <translation>Aktualisieren Sie Image Queue auf die Version, die die Warteschlange geschrieben hat.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Bring the file back to where it was, then retry; or remove it from the list.</source>
        <translation>Bringen Sie die Datei an ihren Platz zurück, und versuchen Sie es dann erneut; oder entfernen Sie sie aus der Liste.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Remove it from the list: this file holds no picture that can be read.</source>
        <translation>Entfernen Sie sie aus der Liste: Diese Datei enthält kein lesbares Bild.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Get the file again from where it came from: a part of it is missing or wrong.</source>
        <translation>Holen Sie die Datei noch einmal von dort, wo sie herkam: Ein Teil fehlt oder ist falsch.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Open it in another program and save it anew: something in it ends the decoder each time.</source>
        <translation>Öffnen Sie sie in einem anderen Programm und speichern Sie sie neu: Etwas darin beendet jedes Mal den Decoder.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Make it smaller with another program first: it has too many pixels to be safe.</source>
        <translation>Verkleinern Sie es zuerst mit einem anderen Programm: Es hat zu viele Pixel, um sicher zu sein.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Look in the browser where the image has gone, and drop that link.</source>
        <translation>Sehen Sie im Browser nach, wohin das Bild gekommen ist, und legen Sie diesen Link ab.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Save the image with your browser, which may be logged in; then drop the file.</source>
        <translation>Speichern Sie das Bild mit Ihrem Browser, der vielleicht angemeldet ist; legen Sie dann die Datei ab.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Copy the link of the image itself, and add that.</source>
        <translation>Kopieren Sie den Link des Bildes selbst, und fügen Sie diesen hinzu.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the date of this machine; or get the image from another place.</source>
        <translation>Prüfen Sie das Datum dieses Rechners; oder holen Sie das Bild von woanders.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Download it with your browser, if it is to be so large; then drop the file.</source>
        <translation>Laden Sie es mit Ihrem Browser, wenn es so groß sein soll; legen Sie dann die Datei ab.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Add the images that the page names, or drag one of them out of the page.</source>
        <translation>Fügen Sie die Bilder hinzu, die die Seite nennt, oder ziehen Sie eines davon aus der Seite.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Export the queue anew on the other machine, and import that file.</source>
        <translation>Exportieren Sie die Warteschlange auf dem anderen Rechner neu, und importieren Sie diese Datei.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose another recipe in the window, and retry with it.</source>
        <translation>Wählen Sie im Fenster ein anderes Rezept, und versuchen Sie es damit erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with a shorter or another name template, and retry with it.</source>
        <translation>Wählen Sie ein Rezept mit einer kürzeren oder anderen Namensvorlage, und versuchen Sie es damit erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Choose a recipe with another format in the window, and retry with it.</source>
        <translation>Wählen Sie im Fenster ein Rezept mit einem anderen Format, und versuchen Sie es damit erneut.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Check the value that the message names.</source>
        <translation>Prüfen Sie den Wert, den die Meldung nennt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>This is a mistake in Image Queue. Please report it with the details below.</source>
        <translation>Das ist ein Fehler in Image Queue. Bitte melden Sie ihn mit den Details unten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All {n} wait to be tried again, the next one in {when}.</source>
        <translation>Alle {n} warten auf einen neuen Versuch, der nächste in {when}.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>All done.</source>
        <translation>Alles fertig.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you.</source>
        <translation>Von Ihnen angehalten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is waiting for a worker.</source>
        <translation>1 Bild wartet auf einen Arbeitsprozess.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are waiting for a worker.</source>
        <translation>{n} Bilder warten auf einen Arbeitsprozess.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image is held.</source>
        <translation>1 Bild ist zurückgehalten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images are held.</source>
        <translation>{n} Bilder sind zurückgehalten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; 1 failed.</source>
        <translation>Fertig; 1 fehlgeschlagen.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Finished; {n} failed.</source>
        <translation>Fertig; {n} fehlgeschlagen.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Pausing: {n} finishing.</source>
        <translation>Hält an: {n} werden fertig.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} of {slots} workers busy.</source>
        <translation>{n} von {slots} Arbeitsprozessen beschäftigt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image could be brought over from it.</source>
        <translation>1 Bild konnte daraus übernommen werden.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images could be brought over from it.</source>
        <translation>{n} Bilder konnten daraus übernommen werden.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly; nothing was lost.</source>
        <translation>Image Queue wurde unerwartet beendet; nichts ging verloren.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Image Queue closed unexpectedly.</source>
        <translation>Image Queue wurde unerwartet beendet.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image was made on another machine while Image Queue was closed.</source>
        <translation>1 Bild wurde auf einem anderen Rechner gemacht, während Image Queue geschlossen war.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} images were made on other machines while Image Queue was closed.</source>
        <translation>{n} Bilder wurden auf anderen Rechnern gemacht, während Image Queue geschlossen war.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused: {reason}</source>
        <translation>Angehalten: {reason}</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>Paused by you, {n} waiting.</source>
        <translation>Von Ihnen angehalten, {n} warten.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 image waits to be tried again, in {when}.</source>
        <translation>1 Bild wartet auf einen neuen Versuch, in {when}.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>The queue's file was damaged. It was kept as {path}, and a new one was made.</source>
        <translation>Die Datei der Warteschlange war beschädigt. Sie wurde als {path} aufbewahrt, und eine neue wurde angelegt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 running image was put back.</source>
        <translation>1 laufendes Bild wurde zurückgelegt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} running images were put back.</source>
        <translation>{n} laufende Bilder wurden zurückgelegt.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 was complete.</source>
        <translation>1 war vollständig.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} were complete.</source>
        <translation>{n} waren vollständig.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>1 had no attempt left.</source>
        <translation>1 hatte keinen Versuch mehr übrig.</translation>
    </message>
    <message>
        <location filename="../../gui/remedies.py"/>
        <source>{n} had no attempt left.</source>
        <translation>{n} hatten keinen Versuch mehr übrig.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Diagnostics</source>
        <translation>Diagnose</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>When you report a mistake, add this text, and a line on what you did.</source>
        <translation>Wenn Sie einen Fehler melden, fügen Sie diesen Text bei und eine Zeile dazu, was Sie getan haben.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>With the &amp;paths of my files</source>
        <translation>Mit den &amp;Pfaden meiner Dateien</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>What was being worked on</source>
        <translation>Was in Arbeit war</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>These images were being worked on when Image Queue closed unexpectedly.</source>
        <translation>Diese Bilder waren in Arbeit, als Image Queue unerwartet beendet wurde.</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>complete</source>
        <translation>vollständig</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <location filename="../../gui/report.py"/>
        <source>put back, attempt {0} of {1} used</source>
        <translation>zurückgelegt, Versuch {0} von {1} verbraucht</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>There are up to {0:g} s to finish. Everything else stays in the queue, and goes on at the next start.</source>
        <translation>Bis zu {0:g} s bleiben, um fertig zu werden. Alles andere bleibt in der Warteschlange und geht beim nächsten Start weiter.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>What other machines have begun goes on there.</source>
        <translation>Was andere Rechner begonnen haben, geht dort weiter.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>The queue cannot be opened.</source>
        <translation>Die Warteschlange kann nicht geöffnet werden.</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Keep working</source>
        <translation>Weiterarbeiten</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while 1 image is being worked on?</source>
        <translation>Beenden, während 1 Bild bearbeitet wird?</translation>
    </message>
    <message>
        <location filename="../../gui/run.py"/>
        <source>Quit while {n} images are being worked on?</source>
        <translation>Beenden, während {n} Bilder bearbeitet werden?</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Waiting</source>
        <translation>Wartend</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <location filename="../../gui/words.py"/>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Which images are listed</source>
        <translation>Welche Bilder aufgeführt sind</translation>
    </message>
    <message>
        <location filename="../../gui/state_tabs.py"/>
        <source>Find by name or folder</source>
        <translation>Nach Name oder Ordner suchen</translation>
    </message>
    <message>
        <location filename="../../gui/tasks.py"/>
        <source>Image Queue made a mistake ({kind}): {error}</source>
        <translation>Image Queue hat einen Fehler gemacht ({kind}): {error}</translation>
    </message>
    <message>
        <location filename="../../gui/tray.py"/>
        <source>Show Image Queue</source>
        <translation>Image Queue zeigen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>adding of {0}</source>
        <translation>{0} hinzufügen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>import of {0}</source>
        <translation>{0} importieren</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>making {0} again</source>
        <translation>{0} neu erstellen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>removal of {0}</source>
        <translation>{0} entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>cancelling of {0}</source>
        <translation>{0} abbrechen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>holding of {0}</source>
        <translation>{0} zurückhalten</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>release of {0}</source>
        <translation>{0} freigeben</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>retry of {0}</source>
        <translation>{0} erneut versuchen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new priority of {0}</source>
        <translation>Priorität ändern ({0})</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>moving of {0}</source>
        <translation>{0} umordnen</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>new recipe of {0}</source>
        <translation>Rezept ändern ({0})</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>&amp;Undo {0}</source>
        <translation>&amp;Rückgängig: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>R&amp;edo {0}</source>
        <translation>&amp;Wiederholen: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>1 image has run or was changed since, and stays as it is.</source>
        <translation>1 Bild ist inzwischen gelaufen oder geändert worden und bleibt, wie es ist.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{n} images have run or were changed since, and stay as they are.</source>
        <translation>{n} Bilder sind inzwischen gelaufen oder geändert worden und bleiben, wie sie sind.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undoing…</source>
        <translation>Wird rückgängig gemacht …</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Undone: {0}.</source>
        <translation>Rückgängig gemacht: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Doing it again…</source>
        <translation>Wird wiederholt …</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>Done again: {0}.</source>
        <translation>Wiederholt: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/undoing.py"/>
        <source>{0} % are done.</source>
        <translation>{0} % sind fertig.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved 1 file to the trash.</source>
        <translation>1 Datei in den Papierkorb verschoben.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moved {n} files to the trash.</source>
        <translation>{n} Dateien in den Papierkorb verschoben.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the file that was made to the trash?</source>
        <translation>Die erstellte Datei in den Papierkorb verschieben?</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move the {n} files that were made to the trash?</source>
        <translation>Die {n} erstellten Dateien in den Papierkorb verschieben?</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Moving to the trash: {0} %</source>
        <translation>In den Papierkorb: {0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original comes back from the trash.</source>
        <translation>1 Original kommt aus dem Papierkorb zurück.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals come back from the trash.</source>
        <translation>{n} Originale kommen aus dem Papierkorb zurück.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 original is back.</source>
        <translation>1 Original ist zurück.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} originals are back.</source>
        <translation>{n} Originale sind zurück.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file was changed since and stays.</source>
        <translation>1 Datei wurde seither geändert und bleibt.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files were changed since and stay.</source>
        <translation>{n} Dateien wurden seither geändert und bleiben.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file is there no more.</source>
        <translation>1 Datei ist nicht mehr da.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files are there no more.</source>
        <translation>{n} Dateien sind nicht mehr da.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of 1 file it is not known whether it was changed; it stays.</source>
        <translation>Von 1 Datei ist nicht bekannt, ob sie geändert wurde; sie bleibt.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Of {n} files it is not known whether they were changed; they stay.</source>
        <translation>Von {n} Dateien ist nicht bekannt, ob sie geändert wurden; sie bleiben.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file stays, as the original that it replaced cannot be brought back: look for that in the trash.</source>
        <translation>1 Datei bleibt, da das ersetzte Original nicht zurückgeholt werden kann: Es ist im Papierkorb zu suchen.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files stay, as the originals that they replaced cannot be brought back: look for those in the trash.</source>
        <translation>{n} Dateien bleiben, da die ersetzten Originale nicht zurückgeholt werden können: Sie sind im Papierkorb zu suchen.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>1 file could not be moved and stays.</source>
        <translation>1 Datei konnte nicht verschoben werden und bleibt.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>{n} files could not be moved and stay.</source>
        <translation>{n} Dateien konnten nicht verschoben werden und bleiben.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Looking at what was made: {0} %</source>
        <translation>Erstelltes wird angesehen: {0} %</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Nothing can be moved to the trash.</source>
        <translation>Es kann nichts in den Papierkorb verschoben werden.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>They were made of {0}.</source>
        <translation>Erstellt aus: {0}.</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Move to the trash</source>
        <translation>In den Papierkorb</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <location filename="../../gui/unmaking.py"/>
        <source>Stopped.</source>
        <translation>Angehalten.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>No folder is watched yet. Add one, and what arrives in it is queued by itself.</source>
        <translation>Noch wird kein Ordner überwacht. Fügen Sie einen hinzu, und was darin ankommt, kommt von selbst in die Warteschlange.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Watched folders</source>
        <translation>Überwachte Ordner</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Images that arrive in these folders are added when they have stopped growing, also those that arrived while Image Queue was closed. A folder that you add gets the recipe, the output folder and the rule that are chosen in the window now.</source>
        <translation>Bilder, die in diesen Ordnern ankommen, werden hinzugefügt, sobald sie nicht mehr wachsen, auch solche, die ankamen, während Image Queue geschlossen war. Ein Ordner, den Sie hinzufügen, bekommt das Rezept, den Ausgabeordner und die Regel, die jetzt im Fenster gewählt sind.</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Priority of a folder that you add:</source>
        <translation>&amp;Priorität eines Ordners, den Sie hinzufügen:</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Add a folder…</source>
        <translation>&amp;Ordner hinzufügen…</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>&amp;Remove</source>
        <translation>&amp;Entfernen</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Choose a folder to watch</source>
        <translation>Einen Ordner zum Überwachen wählen</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>How it is</source>
        <translation>Wie es steht</translation>
    </message>
    <message>
        <location filename="../../gui/watched_folders.py"/>
        <source>Not watched yet.</source>
        <translation>Noch nicht überwacht.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When &amp;done</source>
        <translation>&amp;Danach</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>What is done when all images are done; until the app is closed</source>
        <translation>Was geschieht, wenn alle Bilder fertig sind; bis die App geschlossen wird</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Do &amp;nothing more</source>
        <translation>&amp;Nichts weiter tun</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Notify me</source>
        <translation>&amp;Benachrichtigen</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Open the folder</source>
        <translation>Den &amp;Ordner öffnen</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>&amp;Sleep</source>
        <translation>&amp;Schlafen</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>Shut &amp;down</source>
        <translation>&amp;Herunterfahren</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>When done: {0}</source>
        <translation>Danach: {0}</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. Image Queue quits in {0} s.</source>
        <translation>Alles ist fertig. Image Queue wird in {0} s beendet.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine goes to sleep in {0} s.</source>
        <translation>Alles ist fertig. Der Rechner schläft in {0} s ein.</translation>
    </message>
    <message>
        <location filename="../../gui/when_done.py"/>
        <source>All is done. The machine shuts down in {0} s.</source>
        <translation>Alles ist fertig. Der Rechner fährt in {0} s herunter.</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>GB</source>
        <translation>GB</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>TB</source>
        <translation>TB</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>1 image</source>
        <translation>1 Bild</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} images</source>
        <translation>{n} Bilder</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>a few seconds left</source>
        <translation>noch einige Sekunden</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>is </source>
        <translation>ist </translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{h} h {m} min</source>
        <translation>{h} h {m} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {h} h {m:02} min left</source>
        <translation>noch etwa {h} h {m:02} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>High</source>
        <translation>Hoch</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Low</source>
        <translation>Niedrig</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Queued</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Retrying</source>
        <translation>Neuer Versuch</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Held</source>
        <translation>Zurückgehalten</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>Interrupted</source>
        <translation>Unterbrochen</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>On {0}</source>
        <translation>Auf {0}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>This computer, {0}</source>
        <translation>Dieser Rechner, {0}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>B</source>
        <translation>B</translation>
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
        <translation>noch etwa {n} s</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>about {n} min left</source>
        <translation>noch etwa {n} min</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{n} of {most}</source>
        <translation>{n} von {most}</translation>
    </message>
    <message>
        <location filename="../../gui/words.py"/>
        <source>{name} (several images)</source>
        <translation>{name} (mehrere Bilder)</translation>
    </message>
</context>
<context>
    <name>core</name>
    <message>
        <location filename="../../core/after.py"/>
        <source>The command after an image failed: {0} Each image has a note on its own.</source>
        <translation>Der Befehl nach einem Bild schlug fehl: {0} Jedes Bild hat dazu eine eigene Notiz.</translation>
    </message>
    <message>
        <location filename="../../core/batch_report.py"/>
        <source>A report is a .csv or a .json file, and not {0}.</source>
        <translation>Ein Bericht ist eine Datei .csv oder .json, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} ended with {1}{2}{3}.</source>
        <translation>{0} endete mit {1}{2}{3}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command as one text.</source>
        <translation>{0} nimmt einen Befehl als einen Text.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command without a zero in it.</source>
        <translation>{0} nimmt einen Befehl ohne Nullzeichen.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} took longer than {1} seconds, and was ended.</source>
        <translation>{0} dauerte länger als {1} Sekunden und wurde beendet.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes a command; in {1} a quotation does not end.</source>
        <translation>{0} nimmt einen Befehl; in {1} endet ein Anführungszeichen nicht.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {{outputs}} as a word by itself.</source>
        <translation>{0} nimmt {{outputs}} nur als Wort für sich.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} could not be started: {1}.</source>
        <translation>{0} konnte nicht gestartet werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes {1}, not {{{2}}}.</source>
        <translation>{0} nimmt {1}, nicht {{{2}}}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a shell's script, where a file's name could be a command: give it behind it, as in sh -c 'cp "$1" /backup' sh {{output}}.</source>
        <translation>{0} nimmt kein {{{1}}} im Skript einer Shell, wo der Name einer Datei ein Befehl sein könnte: Geben Sie es dahinter an, wie in sh -c 'cp "$1" /backup' sh {{output}}.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} inside a program's code, where a file's name could be a part of it: give it behind it, as an argument.</source>
        <translation>{0} nimmt kein {{{1}}} im Code eines Programms, wo der Name einer Datei ein Teil davon sein könnte: Geben Sie es dahinter an, als Argument.</translation>
    </message>
    <message>
        <location filename="../../core/command.py"/>
        <source>{0} takes no {{{1}}} behind ssh or the like: a shell on the other machine reads it, where a file's name could be a command. Use rsync or scp, or a script.</source>
        <translation>{0} nimmt kein {{{1}}} hinter ssh oder Ähnlichem: Eine Shell auf dem anderen Rechner liest es, wo der Name einer Datei ein Befehl sein könnte. Nehmen Sie rsync oder scp, oder ein Skript.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} could not be {1}: {2}.</source>
        <translation>{0} konnte nicht {1} werden: {2}.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The disk with {0} is full.</source>
        <translation>Das Laufwerk mit {0} ist voll.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be read: permission denied.</source>
        <translation>{0} kann nicht gelesen werden: keine Berechtigung.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>There is no file {0}.</source>
        <translation>Es gibt keine Datei {0}.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} leads nowhere: it is a link that goes round in a circle.</source>
        <translation>{0} führt nirgendwohin: Es ist ein Link, der im Kreis führt.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a folder, not an image.</source>
        <translation>{0} ist ein Ordner, kein Bild.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The name {0}… is longer than this disk allows.</source>
        <translation>Der Name {0}… ist länger, als dieses Laufwerk erlaubt.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} is in use by another program.</source>
        <translation>{0} wird von einem anderen Programm benutzt.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <location filename="../../core/slot.py"/>
        <location filename="../../core/worker.py"/>
        <source>The image needs more memory than a worker may use.</source>
        <translation>Das Bild braucht mehr Speicher, als ein Arbeitsprozess benutzen darf.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>{0} cannot be written: permission denied or read-only.</source>
        <translation>{0} kann nicht geschrieben werden: keine Berechtigung oder schreibgeschützt.</translation>
    </message>
    <message>
        <location filename="../../core/errors.py"/>
        <source>The folder for {0} is not there.</source>
        <translation>Der Ordner für {0} ist nicht da.</translation>
    </message>
    <message>
        <location filename="../../core/formats.py"/>
        <source>{0} needs {1}, which is not installed.</source>
        <translation>{0} braucht {1}, das nicht installiert ist.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <location filename="../../core/imaging/decode.py"/>
        <source>The animation was reduced to its first frame.</source>
        <translation>Die Animation wurde auf ihr erstes Bild verkürzt.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The output {0} of {1} would have {2} frames of {3} × {4} pixels, {5} megapixels; the limit is {6}.</source>
        <translation>Die Ausgabe {0} von {1} hätte {2} Einzelbilder von {3} × {4} Pixeln, {5} Megapixel; die Grenze ist {6}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>An animated PNG keeps all its colours.</source>
        <translation>Eine animierte PNG behält alle ihre Farben.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation goes on without an end: Pillow cannot say anything else in an AVIF.</source>
        <translation>Die Animation läuft ohne Ende: Pillow kann in einer AVIF nichts anderes sagen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>{0} has a frame of too many megapixels; {1}.</source>
        <translation>{0} hat ein Einzelbild mit zu vielen Megapixeln; {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/animation.py"/>
        <source>The animation cannot be written as {0}: {1}.</source>
        <translation>Die Animation kann nicht als {0} geschrieben werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its samples of more than 8 bits were reduced to 8.</source>
        <translation>Die Werte von mehr als 8 Bit wurden auf 8 verringert.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>The colour profile is broken or of another kind, and was left out.</source>
        <translation>Das Farbprofil ist defekt oder von anderer Art und wurde weggelassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/colour.py"/>
        <source>Its 32-bit samples were brought to 8 bits.</source>
        <translation>Die Werte von 32 Bit wurden auf 8 Bit gebracht.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/credits.py"/>
        <source>The XMP could not be changed, and was left out for the copyright and the author.</source>
        <translation>Die XMP-Daten konnten nicht geändert werden und wurden wegen Copyright und Urheber weggelassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} {1} × {2} Pixel, {3} Megapixel; die Grenze ist {4}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has {1} {2} of {3} × {4} pixels, {5} megapixels to decode; the limit is {6}.</source>
        <translation>{0} hat {1} {2} von {3} × {4} Pixeln, {5} Megapixel zu decodieren; die Grenze ist {6}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is a device or a pipe, not an image file.</source>
        <translation>{0} ist ein Gerät oder eine Pipe, keine Bilddatei.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is empty.</source>
        <translation>{0} ist leer.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} has at least {1} frames; the limit is {2}.</source>
        <translation>{0} hat mindestens {1} Einzelbilder; die Grenze ist {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is no path of a file: {1}.</source>
        <translation>{0} ist kein Pfad einer Datei: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/decode.py"/>
        <source>{0} is not an image that can be read ({1}).</source>
        <translation>{0} ist kein Bild, das gelesen werden kann ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/imaging/delivery.py"/>
        <source>What another machine wrote into {0} cannot be read here.</source>
        <translation>Was ein anderer Rechner in {0} geschrieben hat, kann hier nicht gelesen werden.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The metadata was left out: {0} has no place for it.</source>
        <translation>Die Metadaten wurden weggelassen: {0} hat keinen Platz dafür.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>{0} holds at most {1} pixels along a side; the output has {2} × {3}.</source>
        <translation>{0} fasst höchstens {1} Pixel je Seite; die Ausgabe hat {2} × {3}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The image cannot be written as {0}: {1}.</source>
        <translation>Das Bild kann nicht als {0} geschrieben werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/encode.py"/>
        <source>The IPTC was left out: it is kept in JPEG alone, and this is {0}.</source>
        <translation>Die IPTC-Daten wurden weggelassen: Sie bleiben nur in JPEG erhalten, und dies ist {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/linked.py"/>
        <source>folder takes an absolute path for a link: there is nothing beside it.</source>
        <translation>folder nimmt für einen Link einen absoluten Pfad: Daneben ist nichts.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/made.py"/>
        <source>Up to date: {0}{1} {2} made of it before, and nothing has changed since.</source>
        <translation>Aktuell: {0}{1} {2} schon daraus erstellt, und seither hat sich nichts geändert.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/manifest.py"/>
        <source>What another machine made did not arrive as it should: {0}.</source>
        <translation>Was ein anderer Rechner gemacht hat, kam nicht so an, wie es sollte: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The EXIF is broken and was left out.</source>
        <translation>Die EXIF-Daten sind defekt und wurden weggelassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The XMP says the place in a way that cannot be taken out, and was left out.</source>
        <translation>Die XMP-Daten nennen den Ort so, dass er nicht zu entfernen ist, und wurden weggelassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/metadata.py"/>
        <source>The {0} is longer than a JPEG can hold and was left out.</source>
        <translation>{0} ist länger, als ein JPEG fassen kann, und wurde weggelassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>The name {0}… is longer than the {1} bytes that a file name can have.</source>
        <translation>Der Name {0}… ist länger als die {1} Bytes, die ein Dateiname haben kann.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it would leave the target folder of {1}.</source>
        <translation>{0} ist kein Dateiname: Er würde den Zielordner von {1} verlassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/naming.py"/>
        <source>{0} is no file name: it cannot be written in this system's encoding.</source>
        <translation>{0} ist kein Dateiname: Er kann in der Kodierung dieses Systems nicht geschrieben werden.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>Choose another place for what is made.</source>
        <translation>Wählen Sie einen anderen Ort für das Ergebnis.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>There are too many files named like {0}; what was made is {1}.</source>
        <translation>Es gibt zu viele Dateien mit Namen wie {0}; das Ergebnis ist {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} was changed while it was worked on, and was not replaced.</source>
        <translation>{0} wurde während der Arbeit geändert und nicht ersetzt.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} could not be moved to the trash{1}, and stays as it is.</source>
        <translation>{0} konnte nicht in den Papierkorb gelegt werden{1} und bleibt, wie es ist.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/original.py"/>
        <source>{0} is in the trash, and what was made of it could not get its name ({1}): it is kept as {2}.</source>
        <translation>{0} ist im Papierkorb, und das Ergebnis konnte seinen Namen nicht bekommen ({1}): Es ist als {2} aufbewahrt.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the first of {0} pages was used.</source>
        <translation>Nur die erste von {0} Seiten wurde benutzt.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>Only the main one of {0} images was used.</source>
        <translation>Nur das Hauptbild von {0} Bildern wurde benutzt.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} is no list of images.</source>
        <translation>{0} ist keine Liste von Bildern.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>{0} has more than {1} pages.</source>
        <translation>{0} hat mehr als {1} Seiten.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/pages.py"/>
        <source>The pages cannot be written as {0}: {1}.</source>
        <translation>Die Seiten können nicht als {0} geschrieben werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>Its colours were converted to sRGB: {0} holds no colour profile.</source>
        <translation>Die Farben wurden in sRGB umgewandelt: {0} fasst kein Farbprofil.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/picture.py"/>
        <source>{0} cannot hold the {1} colours of the profile.</source>
        <translation>{0} kann die {1}-Farben des Profils nicht fassen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/plan.py"/>
        <source>crop takes a box inside the image; it begins at {0}, {1}, and the image has {2} × {3} pixels.</source>
        <translation>crop nimmt einen Rahmen im Bild; er beginnt bei {0}, {1}, und das Bild hat {2} × {3} Pixel.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0}, and the source is not newer.</source>
        <translation>{0}, und die Quelle ist nicht neuer.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has colours of more than 8 bits, of which only 8 can be kept.</source>
        <translation>{0} hat Farben von mehr als 8 Bit, von denen nur 8 erhalten bleiben.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has samples of a kind that {1} cannot hold exactly.</source>
        <translation>{0} hat Werte einer Art, die {1} nicht genau fassen kann.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} has CMYK colours, which {1} cannot hold exactly.</source>
        <translation>{0} hat CMYK-Farben, die {1} nicht genau fassen kann.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} is the same as {1} here, and was made once.</source>
        <translation>{0} ist hier dasselbe wie {1} und wurde einmal gemacht.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/prepared.py"/>
        <source>{0} and {1} would both be {2}; put {{output}} into the name template.</source>
        <translation>{0} und {1} würden beide {2} heißen; setzen Sie {{output}} in die Namensvorlage.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would be larger than its source: {1} bytes instead of {2}.</source>
        <translation>{0} wäre größer als die Quelle: {1} Bytes statt {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and was kept.</source>
        <translation>{0} ist schon da und wurde behalten.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} is there already and would be kept.</source>
        <translation>{0} ist schon da und würde behalten.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} would go to the trash.</source>
        <translation>{0} käme in den Papierkorb.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>{0} stays: nothing in it would change.</source>
        <translation>{0} bleibt: Nichts darin würde sich ändern.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>It would be downloaded first.</source>
        <translation>Es würde zuerst heruntergeladen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/process.py"/>
        <source>Its server would be asked whether it has changed since it was made.</source>
        <translation>Sein Server würde gefragt, ob es sich seit der Verarbeitung geändert hat.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/profiles.py"/>
        <source>profile.file {0} is no colour profile for RGB, CMYK or grey.</source>
        <translation>profile.file {0} ist kein Farbprofil für RGB, CMYK oder Grau.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>There are too many files named like {0}.</source>
        <translation>Es gibt zu viele Dateien mit Namen wie {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: what was read back differs.</source>
        <translation>{0} konnte nicht geschrieben werden: Was zurückgelesen wurde, weicht ab.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: its size is not what it should be.</source>
        <translation>{0} konnte nicht geschrieben werden: Die Größe ist nicht, wie sie sein soll.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made was replaced while it was looked at.</source>
        <translation>Was ein anderer Rechner gemacht hat, wurde ersetzt, während es geprüft wurde.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} could not be written: it cannot be read back.</source>
        <translation>{0} konnte nicht geschrieben werden: Es lässt sich nicht zurücklesen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>What another machine made did not arrive as it should: it is gone.</source>
        <translation>Was ein anderer Rechner gemacht hat, kam nicht so an, wie es sollte: Es ist verschwunden.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>{0} is the source itself, which is never changed; choose another folder, or another name for the output.</source>
        <translation>{0} ist die Quelle selbst, die nie geändert wird; wählen Sie einen anderen Ordner oder einen anderen Namen für die Ausgabe.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/publish.py"/>
        <source>Other files keep taking the name {0}.</source>
        <translation>Andere Dateien nehmen immer wieder den Namen {0}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image was reduced to {0} × {1} pixels to stay within {2} bytes.</source>
        <translation>Das Bild wurde auf {0} × {1} Pixel verkleinert, um {2} Bytes nicht zu überschreiten.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The image cannot be made as small as {0} bytes.</source>
        <translation>Das Bild lässt sich nicht auf {0} Bytes verkleinern.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>Quality {0} is the lowest at which it looks the same.</source>
        <translation>Qualität {0} ist die niedrigste, bei der es gleich aussieht.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The file cannot be made as small as {0} bytes.</source>
        <translation>Die Datei lässt sich nicht auf {0} Bytes verkleinern.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/quality.py"/>
        <source>The quality was lowered from {0} to {1} to stay within {2} bytes.</source>
        <translation>Die Qualität wurde von {0} auf {1} gesenkt, um {2} Bytes nicht zu überschreiten.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/__init__.py"/>
        <source>{0} needs {1}, which does not work: {2}.</source>
        <translation>{0} braucht {1}, das nicht funktioniert: {2}.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/readers/svg.py"/>
        <source>SVG needs pyvips[binary], which does not work: libvips cannot be loaded.</source>
        <translation>SVG braucht pyvips[binary], das nicht funktioniert: libvips kann nicht geladen werden.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} is in the trash, and what was made of it has no name yet.</source>
        <translation>{0} ist im Papierkorb, und was daraus gemacht wurde, hat noch keinen Namen.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/staging.py"/>
        <source>{0} was changed while it was worked on.</source>
        <translation>{0} wurde geändert, während daran gearbeitet wurde.</translation>
    </message>
    <message>
        <location filename="../../core/imaging/watermark.py"/>
        <source>watermark.font {0} cannot be used: {1}.</source>
        <translation>watermark.font {0} ist nicht zu benutzen: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>No images were found.</source>
        <translation>Es wurden keine Bilder gefunden.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>What is made of {0} goes to {1}{2}.</source>
        <translation>Was aus {0} entsteht, kommt nach {1}{2}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>{0} could have the name of another and {1} a number.</source>
        <translation>{0} könnte den Namen eines anderen haben, {1} eine Nummer.</translation>
    </message>
    <message>
        <location filename="../../core/intake/adding.py"/>
        <source>A recipe that gathers needs a folder to keep lists in.</source>
        <translation>Ein Rezept, das sammelt, braucht einen Ordner für seine Listen.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} in {1} would leave the archive's folder.</source>
        <translation>{0} in {1} würde den Ordner des Archivs verlassen.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by a pattern.</source>
        <translation>{0} ist durch ein Muster ausgeschlossen.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} was not unpacked to its end: {1}.</source>
        <translation>{0} wurde nicht bis zum Ende entpackt: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} cannot be read: {1}.</source>
        <translation>Das Archiv {0} kann nicht gelesen werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is an archive in an archive, which is not opened.</source>
        <translation>{0} ist ein Archiv in einem Archiv und wird nicht geöffnet.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>The archive {0} is damaged: {1}.</source>
        <translation>Das Archiv {0} ist beschädigt: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <location filename="../../core/intake/foreign.py"/>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not an image that can be read.</source>
        <translation>{0} ist kein Bild, das gelesen werden kann.</translation>
    </message>
    <message>
        <location filename="../../core/intake/archives.py"/>
        <source>{0} is left out by its format or size.</source>
        <translation>{0} ist durch Format oder Größe ausgeschlossen.</translation>
    </message>
    <message>
        <location filename="../../core/intake/batches.py"/>
        <source>{0} is no link that can be followed.</source>
        <translation>{0} ist kein Link, dem gefolgt werden kann.</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} has more than {1} MB.</source>
        <translation>{0} hat mehr als {1} MB.</translation>
    </message>
    <message>
        <location filename="../../core/intake/foreign.py"/>
        <source>{0} is empty: the program that it comes from did not give it.</source>
        <translation>{0} ist leer: Das Programm, von dem es kommt, hat nichts gegeben.</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} was made of the others.</source>
        <translation>{0} wurde aus den anderen gemacht.</translation>
    </message>
    <message>
        <location filename="../../core/intake/gathering.py"/>
        <source>{0} is a link, which cannot become a page: save it first.</source>
        <translation>{0} ist ein Link und kann keine Seite werden: Speichern Sie das Bild zuerst.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is not a file.</source>
        <translation>{0} ist keine Datei.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The link {0} leads nowhere.</source>
        <translation>Der Link {0} führt nirgendwohin.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} was made by this recipe from the image beside it.</source>
        <translation>{0} wurde mit diesem Rezept aus dem Bild daneben gemacht.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is an archive; those in folders are opened only when asked to.</source>
        <translation>{0} ist ein Archiv; solche in Ordnern werden nur auf Wunsch geöffnet.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out: it is the folder for what is made.</source>
        <translation>{0} wird weggelassen: Es ist der Ordner für die Ergebnisse.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>The folder {0} cannot be read: {1}.</source>
        <translation>Der Ordner {0} kann nicht gelesen werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/paths.py"/>
        <source>{0} is left out by the settings for folders.</source>
        <translation>{0} ist durch die Einstellungen für Ordner ausgeschlossen.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>A size is a number of bytes such as 500, 20k or 1.5M, not {0}.</source>
        <translation>Eine Größe ist eine Anzahl Bytes wie 500, 20k oder 1.5M, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>only_formats takes some of {0}, not {1}.</source>
        <translation>only_formats nimmt einige von {0}, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number of bytes.</source>
        <translation>min_bytes nimmt eine ganze Zahl von Bytes.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>min_bytes takes a whole number from 0 to {0}.</source>
        <translation>min_bytes nimmt eine ganze Zahl von 0 bis {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>hidden and archives take true or false.</source>
        <translation>hidden und archives nehmen true oder false.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>{0} takes a list of texts.</source>
        <translation>{0} nimmt eine Liste von Texten.</translation>
    </message>
    <message>
        <location filename="../../core/intake/wanted.py"/>
        <source>ignore takes patterns as a .gitignore has them: {0}.</source>
        <translation>ignore nimmt Muster, wie eine .gitignore sie hat: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes a list of folders.</source>
        <translation>watched nimmt eine Liste von Ordnern.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes each folder once.</source>
        <translation>watched nimmt jeden Ordner einmal.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path and a recipe, which are texts.</source>
        <translation>watched nimmt Ordner mit Pfad und Rezept, die Texte sind.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes absolute paths of folders.</source>
        <translation>watched nimmt absolute Pfade von Ordnern.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.existing takes one of {0}.</source>
        <translation>watched.existing nimmt eines von {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched.priority takes a whole number.</source>
        <translation>watched.priority nimmt eine ganze Zahl.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watched.py"/>
        <source>watched takes folders with a path, a recipe and a priority: {0}.</source>
        <translation>watched nimmt Ordner mit Pfad, Rezept und Priorität: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watches.py"/>
        <source>The queue takes nothing just now.</source>
        <translation>Die Warteschlange nimmt gerade nichts an.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder is not there; it is waited for.</source>
        <translation>Der Ordner ist nicht da; auf ihn wird gewartet.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>Watching.</source>
        <translation>Wird überwacht.</translation>
    </message>
    <message>
        <location filename="../../core/intake/watching.py"/>
        <source>The folder cannot be watched just now: {0}.</source>
        <translation>Der Ordner kann gerade nicht überwacht werden: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server {0} does not give {1} ({2}).</source>
        <translation>Der Server {0} gibt {1} nicht heraus ({2}).</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is a page, not an image; it names {1}.</source>
        <translation>{0} ist eine Seite, kein Bild; sie nennt {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads to {1}, and only http and https are followed.</source>
        <translation>{0} führt zu {1}, und nur http und https wird gefolgt.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>It asks to be left alone for {0} seconds.</source>
        <translation>Er bittet um {0} Sekunden Ruhe.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>There is nothing at {0} ({1}).</source>
        <translation>Unter {0} ist nichts ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>What is at {0} has more than {1}.</source>
        <translation>Was unter {0} liegt, hat mehr als {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} took longer than {1} seconds to download.</source>
        <translation>{0} brauchte länger als {1} Sekunden zum Herunterladen.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} does not answer in time.</source>
        <translation>Der Server von {0} antwortet nicht rechtzeitig.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} is no link that can be followed: {1}.</source>
        <translation>{0} ist kein Link, dem gefolgt werden kann: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} could not be downloaded: {1}.</source>
        <translation>{0} konnte nicht heruntergeladen werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The proxy that the environment names cannot be used: {0}.</source>
        <translation>Der Proxy, den die Umgebung nennt, ist nicht zu benutzen: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads in a circle.</source>
        <translation>{0} führt im Kreis.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} leads on and on, more than {1} times.</source>
        <translation>{0} führt immer weiter, mehr als {1} Mal.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>{0} was to have {1} bytes, and {2} came.</source>
        <translation>{0} sollte {1} Bytes haben, und {2} kamen an.</translation>
    </message>
    <message>
        <location filename="../../core/links/download.py"/>
        <source>The server of {0} cannot show that it is what it says: {1}.</source>
        <translation>Der Server von {0} kann nicht zeigen, dass er der ist, der er zu sein angibt: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/migrations.py"/>
        <source>The queue in {0} was written by a newer version of Image Queue (layout {1}, this one knows {2}). Please update; nothing was changed.</source>
        <translation>Die Warteschlange in {0} wurde von einer neueren Version von Image Queue geschrieben (Stand {1}, diese kennt {2}). Bitte aktualisieren Sie; nichts wurde geändert.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/draft.py"/>
        <source>operations.do takes one of {0}, not {1}.</source>
        <translation>operations.do nimmt eines von {0}, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} has no field {1}; it takes {2}.</source>
        <translation>{0} hat kein Feld {1}; es nimmt {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/__init__.py"/>
        <source>{0} lacks a field; it also takes {1}.</source>
        <translation>{0} fehlt ein Feld; es nimmt auch {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>profile takes to or file.</source>
        <translation>profile nimmt to oder file.</translation>
    </message>
    <message>
        <location filename="../../core/operations/carried.py"/>
        <source>metadata takes policy, copyright or author.</source>
        <translation>metadata nimmt policy, copyright oder author.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} nimmt eine ganze Zahl von {1} bis {2}, nicht {3}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a number from {1} to {2}, not {3}.</source>
        <translation>{0} nimmt eine Zahl von {1} bis {2}, nicht {3}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes true or false, not {1}.</source>
        <translation>{0} nimmt true oder false, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes one of {1}, not {2}.</source>
        <translation>{0} nimmt eines von {1}, nicht {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a colour such as "#ffffff"{1}, not {2}.</source>
        <translation>{0} nimmt eine Farbe wie "#ffffff"{1}, nicht {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes the absolute path of a file, not {1}.</source>
        <translation>{0} nimmt den absoluten Pfad einer Datei, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/checks.py"/>
        <source>{0} takes a text of 1 to {1} characters, not {2}.</source>
        <translation>{0} nimmt einen Text von 1 bis {1} Zeichen, nicht {2}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize takes width, height or both, or else percent, or else megapixels.</source>
        <translation>resize nimmt width, height oder beide, oder aber percent, oder aber megapixels.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.exact takes both width and height.</source>
        <translation>resize.exact nimmt width und height.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" takes both width and height.</source>
        <translation>resize.mode "{0}" nimmt width und height.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.mode "{0}" and exact exclude each other.</source>
        <translation>resize.mode "{0}" und exact schließen einander aus.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>resize.background takes the mode "pad".</source>
        <translation>resize.background nimmt den Modus "pad".</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.around places the box by itself, without left and top.</source>
        <translation>crop.around setzt den Rahmen von selbst, ohne left und top.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.trim is given alone.</source>
        <translation>crop.trim steht allein.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop.ratio takes width to height such as "16:9", not {0}.</source>
        <translation>crop.ratio nimmt Breite zu Höhe wie "16:9", nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/operations/geometry.py"/>
        <source>crop takes a box (left, top, width, height) or a ratio, not both.</source>
        <translation>crop nimmt einen Rahmen (left, top, width, height) oder ein Verhältnis, nicht beides.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>border takes width or percent.</source>
        <translation>border nimmt width oder percent.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark takes text or image.</source>
        <translation>watermark nimmt text oder image.</translation>
    </message>
    <message>
        <location filename="../../core/operations/marking.py"/>
        <source>watermark.font takes a text.</source>
        <translation>watermark.font nimmt einen Text.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Process {0}{1} is using the queue in {2}.</source>
        <translation>Prozess {0}{1} benutzt die Warteschlange in {2}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Another process is using the queue in {0}.</source>
        <translation>Ein anderer Prozess benutzt die Warteschlange in {0}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>Image Queue made a mistake: {0}.</source>
        <translation>Image Queue hat einen Fehler gemacht: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>The data folder {0} cannot be used: {1}.</source>
        <translation>Der Datenordner {0} ist nicht zu benutzen: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It does not answer.</source>
        <translation>Er antwortet nicht.</translation>
    </message>
    <message>
        <location filename="../../core/owner.py"/>
        <source>It did not answer in time.</source>
        <translation>Er hat nicht rechtzeitig geantwortet.</translation>
    </message>
    <message>
        <location filename="../../core/queue.py"/>
        <source>Image Queue closed unexpectedly while this image was being worked on.</source>
        <translation>Image Queue wurde unerwartet beendet, während dieses Bild in Arbeit war.</translation>
    </message>
    <message>
        <location filename="../../core/queue_reads.py"/>
        <location filename="../../core/store_writer.py"/>
        <source>The queue is not open.</source>
        <translation>Die Warteschlange ist nicht geöffnet.</translation>
    </message>
    <message>
        <location filename="../../core/queue_wishes.py"/>
        <source>{0} is a whole number from {1} to {2}, not {3}.</source>
        <translation>{0} ist eine ganze Zahl von {1} bis {2}, nicht {3}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>outputs takes one at least that is switched on.</source>
        <translation>outputs nimmt mindestens eine, die eingeschaltet ist.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes a list of tables, not {0}.</source>
        <translation>outputs.operations nimmt eine Liste von Tabellen, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>{0} takes tables, not {1}.</source>
        <translation>{0} nimmt Tabellen, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/draft.py"/>
        <source>There is no field {0}; there are {1}.</source>
        <translation>Es gibt kein Feld {0}; es gibt {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>There is no recipe {0}; there are: {1}.</source>
        <translation>Es gibt kein Rezept {0}; es gibt: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>A size is "WxH" or one number, in pixels from 1 to {0}, not {1}.</source>
        <translation>Eine Größe ist "WxH" oder eine Zahl, in Pixeln von 1 bis {0}, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>The recipe is not TOML: {0}.</source>
        <translation>Das Rezept ist kein TOML: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>{0} is not a recipe: it is not UTF-8 text.</source>
        <translation>{0} ist kein Rezept: Es ist kein Text in UTF-8.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/files.py"/>
        <source>Nothing to make: give a thumbnail, a size, a format, a quality or a limit.</source>
        <translation>Nichts zu tun: Geben Sie ein Vorschaubild, eine Größe, ein Format, eine Qualität oder eine Grenze an.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it has more than {1} bytes.</source>
        <translation>{0} ist kein Rezept: Es hat mehr als {1} Bytes.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/shelf.py"/>
        <source>{0} is no recipe: it is not UTF-8 text.</source>
        <translation>{0} ist kein Rezept: Es ist kein Text in UTF-8.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a name such as {{stem}}-{{output}}, not {0}.</source>
        <translation>outputs.template nimmt einen Namen wie {{stem}}-{{output}}, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} holds a sign that no name can have.</source>
        <translation>outputs.template {0} enthält ein Zeichen, das kein Name haben kann.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} leaves the target folder, or has a folder without a name.</source>
        <translation>outputs.template {0} verlässt den Zielordner oder hat einen Ordner ohne Namen.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{{0}}} as it is, not {{{1}:{2}}}.</source>
        <translation>outputs.template nimmt {{{0}}}, wie es ist, nicht {{{1}:{2}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes a pattern such as {{{0}:%Y-%m}}, of {1} and signs that a name can have, not {{{2}:{3}}}.</source>
        <translation>outputs.template nimmt ein Muster wie {{{0}:%Y-%m}}, aus {1} und Zeichen, die ein Name haben kann, nicht {{{2}:{3}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template {0} cannot be read: {1}.</source>
        <translation>outputs.template {0} kann nicht gelesen werden: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {0}, not {{{1}}}.</source>
        <translation>outputs.template nimmt {0}, nicht {{{1}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/templates.py"/>
        <source>outputs.template takes {{index:04}}, with a width from 01 to 012, not {{index:{0}}}.</source>
        <translation>outputs.template nimmt {{index:04}}, mit einer Breite von 01 bis 012, nicht {{index:{0}}}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not a JSON object.</source>
        <translation>Das Rezept ist kein JSON-Objekt.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} takes a list, not {1}.</source>
        <translation>{0} nimmt eine Liste, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes tables, not {0}.</source>
        <translation>outputs nimmt Tabellen, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name takes a name, not {0}.</source>
        <translation>outputs.name nimmt einen Namen, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.name {0} holds a folder separator.</source>
        <translation>outputs.name {0} enthält ein Trennzeichen für Ordner.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes at most {0} operations.</source>
        <translation>outputs.operations nimmt höchstens {0} Operationen.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes a tiff_compression other than "jpeg".</source>
        <translation>outputs.lossless nimmt eine andere tiff_compression als "jpeg".</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.format takes one of {0}, not {1}.</source>
        <translation>outputs.format nimmt eines von {0}, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>name takes a name, not {0}.</source>
        <translation>name nimmt einen Namen, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>description takes a sentence, not {0}.</source>
        <translation>description nimmt einen Satz, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original takes a recipe with one output, not {0}.</source>
        <translation>replace_original nimmt ein Rezept mit einer Ausgabe, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>replace_original and folder exclude each other.</source>
        <translation>replace_original und folder schließen einander aus.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes 1 to {0} outputs, not {1}.</source>
        <translation>outputs nimmt 1 bis {0} Ausgaben, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather and replace_original exclude each other.</source>
        <translation>gather und replace_original schließen einander aus.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes the path of a folder, not {0}.</source>
        <translation>folder nimmt den Pfad eines Ordners, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder takes an absolute path, not {0}.</source>
        <translation>folder nimmt einen absoluten Pfad, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>version takes {0}, not {1}: the recipe is of another version.</source>
        <translation>version nimmt {0}, nicht {1}: Das Rezept ist von einer anderen Version.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes a list of outputs, not {0}.</source>
        <translation>outputs nimmt eine Liste von Ausgaben, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>The recipe is not JSON: {0}.</source>
        <translation>Das Rezept ist kein JSON: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>folder {0} names a user who is not known.</source>
        <translation>folder {0} nennt einen unbekannten Benutzer.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>{0} lacks the field {1}.</source>
        <translation>{0} fehlt das Feld {1}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes operations, not {0}.</source>
        <translation>outputs.operations nimmt Operationen, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.operations takes {0} once.</source>
        <translation>outputs.operations nimmt {0} einmal.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.colours takes 2, 4, 16 or 256, not {0}.</source>
        <translation>outputs.colours nimmt 2, 4, 16 oder 256, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.lossless takes all colours: leave outputs.colours out.</source>
        <translation>outputs.lossless nimmt alle Farben: Lassen Sie outputs.colours weg.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.max_bytes and lossless exclude each other.</source>
        <translation>outputs.max_bytes und lossless schließen einander aus.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.look is given without quality, max_bytes and lossless.</source>
        <translation>outputs.look steht ohne quality, max_bytes und lossless.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.{0} is no option of {1}, which takes {2}.</source>
        <translation>outputs.{0} ist keine Option von {1}, das {2} nimmt.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes outputs, not {0}.</source>
        <translation>outputs nimmt Ausgaben, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs takes names that differ; {0} is there twice.</source>
        <translation>outputs nimmt verschiedene Namen; {0} kommt zweimal vor.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>outputs.template gives {0} and {1} the same file name; put {{output}} into it.</source>
        <translation>outputs.template gibt {0} und {1} denselben Dateinamen; setzen Sie {{output}} hinein.</translation>
    </message>
    <message>
        <location filename="../../core/recipe/values.py"/>
        <source>gather takes outputs in pdf or tiff; {0} is in another format.</source>
        <translation>gather nimmt Ausgaben in pdf oder tiff; {0} ist in einem anderen Format.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker begins with amqp://, amqps://, redis:// or rediss://.</source>
        <translation>Die URL des Brokers beginnt mit amqp://, amqps://, redis:// oder rediss://.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has a space or a sign in it that no URL has.</source>
        <translation>Die URL des Brokers enthält ein Leerzeichen oder ein Zeichen, das keine URL hat.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker has an @ behind its first slash: in a user, a password or a path, @ is written %40, and / is written %2F.</source>
        <translation>Die URL des Brokers hat ein @ hinter ihrem ersten Schrägstrich: In einem Benutzer, einem Passwort oder einem Pfad wird @ als %40 und / als %2F geschrieben.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine: {0} is the least that it takes.</source>
        <translation>Die URL des Brokers nennt keinen Rechner: {0} ist das Mindeste.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker names no machine that can be: {0} is its form.</source>
        <translation>Die URL des Brokers nennt keinen möglichen Rechner: {0} ist ihre Form.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes a port from 1 to 65535 after the machine.</source>
        <translation>Die URL des Brokers nimmt hinter dem Rechner einen Port von 1 bis 65535.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The password of a broker needs a user: amqp://user:password@machine.</source>
        <translation>Das Passwort eines Brokers braucht einen Benutzer: amqp://benutzer:passwort@rechner.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of a Redis takes the number of a database at its end, as in redis://machine/0.</source>
        <translation>Die URL eines Redis nimmt am Ende die Nummer einer Datenbank, wie in redis://rechner/0.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes options of TLS only with amqps:// or rediss://.</source>
        <translation>Die URL des Brokers nimmt Optionen von TLS nur mit amqps:// oder rediss://.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes only {0} after its question mark.</source>
        <translation>Die URL des Brokers nimmt hinter dem Fragezeichen nur {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_cert_reqs as required or none.</source>
        <translation>Die URL des Brokers nimmt ssl_cert_reqs als required oder none.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes ssl_check_hostname as true or false.</source>
        <translation>Die URL des Brokers nimmt ssl_check_hostname als true oder false.</translation>
    </message>
    <message>
        <location filename="../../core/remote/address.py"/>
        <source>The URL of the broker takes name=value after its question mark.</source>
        <translation>Die URL des Brokers nimmt hinter dem Fragezeichen name=wert.</translation>
    </message>
    <message>
        <location filename="../../core/remote/extra.py"/>
        <source>What reaches other machines is not installed: {0} brings it.</source>
        <translation>Was andere Rechner erreicht, ist nicht installiert: {0} bringt es.</translation>
    </message>
    <message>
        <location filename="../../core/remote/fleet.py"/>
        <source>It has another version of Image Queue, and is given nothing.</source>
        <translation>Er hat eine andere Version von Image Queue und bekommt nichts.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The machines that the broker gave it to ended, again and again.</source>
        <translation>Die Rechner, denen der Broker es gab, endeten immer wieder.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was shut down.</source>
        <translation>{0} wurde heruntergefahren.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} was not heard of for {1} seconds.</source>
        <translation>Von {0} war {1} Sekunden lang nichts zu hören.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>The broker did not come back in time.</source>
        <translation>Der Broker kam nicht rechtzeitig zurück.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>{0} does not know of it any more.</source>
        <translation>{0} weiß davon nichts mehr.</translation>
    </message>
    <message>
        <location filename="../../core/remote/flights.py"/>
        <source>No machine began it, however often it was sent.</source>
        <translation>Kein Rechner begann damit, so oft es auch gesendet wurde.</translation>
    </message>
    <message>
        <location filename="../../core/remote/keys.py"/>
        <source>This system has no keyring that can be used: the password is known until Image Queue is closed. After that it is asked for anew, or given by IMAGEQUEUE_BROKER.</source>
        <translation>Dieses System hat keinen nutzbaren Schlüsselbund: Das Passwort ist bekannt, bis Image Queue geschlossen wird. Danach ist es neu einzugeben, oder IMAGEQUEUE_BROKER gibt es.</translation>
    </message>
    <message>
        <location filename="../../core/remote/mended.py"/>
        <source>The connection to Redis was closed.</source>
        <translation>Die Verbindung zu Redis wurde getrennt.</translation>
    </message>
    <message>
        <location filename="../../core/remote/node.py"/>
        <source>{0} does not answer there.</source>
        <translation>{0} antwortet dort nicht.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The machine has another version of Image Queue.</source>
        <translation>Der Rechner hat eine andere Version von Image Queue.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The recipe names a file that is in no shared folder.</source>
        <translation>Das Rezept nennt eine Datei, die in keinem gemeinsamen Ordner ist.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The file has become too large to travel.</source>
        <translation>Die Datei ist zu groß geworden, um zu reisen.</translation>
    </message>
    <message>
        <location filename="../../core/remote/orders.py"/>
        <source>The original is not where its output is to go.</source>
        <translation>Das Original ist nicht dort, wo seine Ausgabe hin soll.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes a list of folders.</source>
        <translation>shared nimmt eine Liste von Ordnern.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path, which are texts.</source>
        <translation>shared nimmt Ordner mit einem Namen und einem Pfad, die Texte sind.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The name of a shared folder takes up to 40 letters a to z, digits, - and _.</source>
        <translation>Der Name eines gemeinsamen Ordners nimmt bis zu 40 Buchstaben a bis z, Ziffern, - und _.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes the absolute path of a folder.</source>
        <translation>Der gemeinsame Ordner {0} nimmt den absoluten Pfad eines Ordners.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folder {0} takes a folder, not a whole disk.</source>
        <translation>Der gemeinsame Ordner {0} nimmt einen Ordner, keine ganze Platte.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>shared takes folders with a name and a path: {0}.</source>
        <translation>shared nimmt Ordner mit einem Namen und einem Pfad: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>Two shared folders have the name {0}.</source>
        <translation>Zwei gemeinsame Ordner haben den Namen {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shared_folder.py"/>
        <source>The shared folders {0} and {1} are one inside the other.</source>
        <translation>Von den gemeinsamen Ordnern {0} und {1} liegt einer im anderen.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>It has no shared folder {0}: start it with --share {1}=FOLDER.</source>
        <translation>Er hat keinen gemeinsamen Ordner {0}: Starten Sie ihn mit --share {1}=ORDNER.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>What it was to look for in {0} is no file that shows a shared folder.</source>
        <translation>Was er in {0} suchen sollte, ist keine Datei, die einen gemeinsamen Ordner zeigt.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here.</source>
        <translation>{0} ist dort ein anderer Ordner, als {1} hier ist.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be written there.</source>
        <translation>In {0} kann dort nicht geschrieben werden.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>There is no shared folder {0} on this machine.</source>
        <translation>Auf diesem Rechner gibt es keinen gemeinsamen Ordner {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is no path below a folder.</source>
        <translation>{0} ist kein Pfad unter einem Ordner.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} is another folder there than {1} is here: a file that was put here is not in it.</source>
        <translation>{0} ist dort ein anderer Ordner, als {1} hier ist: Eine Datei, die hier hineinkam, ist nicht darin.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} cannot be read there: {1}.</source>
        <translation>{0} ist dort nicht lesbar: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>A shared folder takes a name without =, not {0}.</source>
        <translation>Ein gemeinsamer Ordner nimmt einen Namen ohne =, nicht {0}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} takes an absolute path, not {1}.</source>
        <translation>Der gemeinsame Ordner {0} nimmt einen absoluten Pfad, nicht {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>{0} leads out of the shared folder {1}.</source>
        <translation>{0} führt aus dem gemeinsamen Ordner {1} hinaus.</translation>
    </message>
    <message>
        <location filename="../../core/remote/shares.py"/>
        <source>The shared folder {0} ({1}) cannot be written: {2}.</source>
        <translation>In den gemeinsamen Ordner {0} ({1}) kann nicht geschrieben werden: {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be used as a broker just now ({1}).</source>
        <translation>{0} ist gerade nicht als Broker nutzbar ({1}).</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection to {0} was lost.</source>
        <translation>Die Verbindung zu {0} ist verloren.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot show that it is {1}: {2}. A certificate of your own is named by ?ssl_ca_certs=FILE at the end of the URL.</source>
        <translation>{0} kann nicht zeigen, dass es {1} ist: {2}. Ein eigenes Zertifikat nennen Sie mit ?ssl_ca_certs=DATEI am Ende der URL.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not speak TLS on port {1}: use {2}://, or the port for TLS.</source>
        <translation>{0} spricht auf Port {1} kein TLS: Nehmen Sie {2}://, oder den Port für TLS.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>A file that the URL of the broker names cannot be read.</source>
        <translation>Eine Datei, die die URL des Brokers nennt, ist nicht lesbar.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} wants a password.</source>
        <translation>{0} will ein Passwort.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not accept this user and password.</source>
        <translation>{0} nimmt diesen Benutzer mit diesem Passwort nicht an.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not allow this user what the queue needs.</source>
        <translation>{0} erlaubt diesem Benutzer nicht, was die Warteschlange braucht.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} has no virtual host {1}, or this user may not use it.</source>
        <translation>{0} hat keinen virtuellen Host {1}, oder dieser Benutzer darf ihn nicht nutzen.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The Redis on {0} has no database {1}.</source>
        <translation>Der Redis auf {0} hat keine Datenbank {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>What answers on port {0} of {1} is no {2}.</source>
        <translation>Was auf Port {0} von {1} antwortet, ist kein {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>No machine of the name {0} is known here.</source>
        <translation>Ein Rechner mit dem Namen {0} ist hier nicht bekannt.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>Nothing answers on port {0} of {1}: the broker does not run there, or has another port.</source>
        <translation>Auf Port {0} von {1} antwortet nichts: Der Broker läuft dort nicht, oder er hat einen anderen Port.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} did not answer in time on port {1}.</source>
        <translation>{0} hat auf Port {1} nicht rechtzeitig geantwortet.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>The connection was cut by {0}: what answers on port {1} may be no {2}.</source>
        <translation>Die Verbindung wurde von {0} getrennt: Was auf Port {1} antwortet, ist vielleicht kein {2}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} cannot be reached: {1}.</source>
        <translation>{0} ist nicht erreichbar: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trouble.py"/>
        <source>{0} does not let this user in: RabbitMQ takes guest from its own machine only. Make a user there, and name it in the URL.</source>
        <translation>{0} lässt diesen Benutzer nicht herein: RabbitMQ nimmt guest nur vom eigenen Rechner. Legen Sie dort einen Benutzer an, und nennen Sie ihn in der URL.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers. What is sent to it is not encrypted; with {0}s:// it would be.</source>
        <translation>Der Broker antwortet. Was zu ihm gesendet wird, ist nicht verschlüsselt; mit {0}s:// wäre es das.</translation>
    </message>
    <message>
        <location filename="../../core/remote/trying.py"/>
        <source>The broker answers.</source>
        <translation>Der Broker antwortet.</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>This file crashes the decoder: {0} worker processes died of it.</source>
        <translation>Diese Datei lässt den Decoder abstürzen: {0} Arbeitsprozesse endeten daran.</translation>
    </message>
    <message>
        <location filename="../../core/retry.py"/>
        <source>A retry's base, cap, patience and jitter are numbers from 0 up.</source>
        <translation>base, cap, patience und jitter eines neuen Versuchs sind Zahlen ab 0.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings were damaged; they were moved to {0}, and the defaults are used.</source>
        <translation>Die Einstellungen waren beschädigt; sie wurden nach {0} verschoben, und die Vorgaben gelten.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings are damaged and could not be set aside ({0}); the defaults are used.</source>
        <translation>Die Einstellungen sind beschädigt und konnten nicht beiseitegelegt werden ({0}); die Vorgaben gelten.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>broker takes the URL of a broker.</source>
        <translation>broker nimmt die URL eines Brokers.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings keep no password of a broker: the keyring does, or IMAGEQUEUE_BROKER.</source>
        <translation>Die Einstellungen bewahren kein Passwort eines Brokers auf: Das tut der Schlüsselbund, oder IMAGEQUEUE_BROKER.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes true or false.</source>
        <translation>{0} nimmt true oder false.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a whole number from {1} to {2}.</source>
        <translation>{0} nimmt eine ganze Zahl von {1} bis {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} takes a number from {1} to {2}.</source>
        <translation>{0} nimmt eine Zahl von {1} bis {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} is a file, not a folder.</source>
        <translation>Der Datenordner {0} ist eine Datei, kein Ordner.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The data folder {0} cannot be made: {1}. Choose another one with --data-dir or {2}.</source>
        <translation>Der Datenordner {0} kann nicht angelegt werden: {1}. Wählen Sie einen anderen mit --data-dir oder {2}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>memory_limit_mb takes 64 megabytes or more, or 0 for no limit.</source>
        <translation>memory_limit_mb nimmt 64 Megabyte oder mehr, oder 0 für keine Grenze.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>recipe takes the name of a recipe.</source>
        <translation>recipe nimmt den Namen eines Rezepts.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>output_folder takes the absolute path of a folder.</source>
        <translation>output_folder nimmt den absoluten Pfad eines Ordners.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>existing takes one of {0}.</source>
        <translation>existing nimmt eines von {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>language takes one of {0}.</source>
        <translation>language nimmt eines von {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>when_done takes one of {0}.</source>
        <translation>when_done nimmt eines von {0}.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>The settings could not be read ({0}); the defaults are used.</source>
        <translation>Die Einstellungen konnten nicht gelesen werden ({0}); die Vorgaben gelten.</translation>
    </message>
    <message>
        <location filename="../../core/settings.py"/>
        <source>{0} The default is used.</source>
        <translation>{0} Die Vorgabe gilt.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process gave no proper answer for this file, and was ended.</source>
        <translation>Der Arbeitsprozess gab für diese Datei keine richtige Antwort und wurde beendet.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started.</source>
        <translation>Es konnte kein Arbeitsprozess gestartet werden.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It stopped, and nobody had asked it to.</source>
        <translation>Es hielt an, und niemand hatte darum gebeten.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It took longer than its time limit ({0} s).</source>
        <translation>Es dauerte länger als die Zeitgrenze ({0} s).</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The worker process died ({0}) while it worked on this file.</source>
        <translation>Der Arbeitsprozess endete ({0}), während er an dieser Datei arbeitete.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>The machine may be short of memory.</source>
        <translation>Dem Rechner fehlt vielleicht Speicher.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>No worker process could be started: {0}.</source>
        <translation>Es konnte kein Arbeitsprozess gestartet werden: {0}.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>It was not needed any more.</source>
        <translation>Er wurde nicht mehr gebraucht.</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it started ({0}).</source>
        <translation>Ein Arbeitsprozess endete beim Start ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/slot.py"/>
        <source>A worker process died while it was idle ({0}).</source>
        <translation>Ein Arbeitsprozess endete ohne Arbeit ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/store.py"/>
        <source>Attempt {0} of job {1} does not run; it cannot be {2}.</source>
        <translation>Versuch {0} von Auftrag {1} läuft nicht; er kann nicht {2} werden.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be used: {1}.</source>
        <translation>Die Warteschlange in {0} ist nicht zu benutzen: {1}.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The disk with the queue ({0}) is full.</source>
        <translation>Das Laufwerk mit der Warteschlange ({0}) ist voll.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is locked by another program.</source>
        <translation>Die Warteschlange in {0} ist von einem anderen Programm gesperrt.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} cannot be opened for writing: check the folder.</source>
        <translation>Die Warteschlange in {0} kann nicht zum Schreiben geöffnet werden: Prüfen Sie den Ordner.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue in {0} is damaged. Start Image Queue again: it will keep what can be read.</source>
        <translation>Die Warteschlange in {0} ist beschädigt. Starten Sie Image Queue neu: Es behält, was lesbar ist.</translation>
    </message>
    <message>
        <location filename="../../core/store_file.py"/>
        <source>The queue was written by a newer version of Image Queue. Please update.</source>
        <translation>Die Warteschlange wurde von einer neueren Version von Image Queue geschrieben. Bitte aktualisieren Sie.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/mapping.py"/>
        <source>{0} is no absolute path on the machine that the file comes from.</source>
        <translation>{0} ist kein absoluter Pfad auf dem Rechner, von dem die Datei kommt.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is damaged: line {1} {2}.</source>
        <translation>{0} ist beschädigt: Zeile {1} {2}.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no name of a file.</source>
        <translation>{0} ist kein Name einer Datei.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} holds no jobs of Image Queue.</source>
        <translation>{0} enthält keine Aufträge von Image Queue.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} {1}: this one reads version {2}.</source>
        <translation>{0} {1}: Dieses liest Version {2}.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is larger than a file of jobs can be.</source>
        <translation>{0} ist größer, als eine Datei mit Aufträgen sein kann.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} was cut off after {1} jobs.</source>
        <translation>{0} bricht nach {1} Aufträgen ab.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} jobs.</source>
        <translation>{0} hat mehr als {1} Aufträge.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} has more than {1} recipes.</source>
        <translation>{0} hat mehr als {1} Rezepte.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is no file of jobs.</source>
        <translation>{0} ist keine Datei mit Aufträgen.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/queue_file.py"/>
        <source>{0} is a folder, and no file of jobs.</source>
        <translation>{0} ist ein Ordner und keine Datei mit Aufträgen.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/sending.py"/>
        <source>A file takes at most {0} jobs, and {1} wait.</source>
        <translation>Eine Datei nimmt höchstens {0} Aufträge, und {1} warten.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} is a path of another system: say which folder here it is, by --map OLD=NEW. Nothing was imported.</source>
        <translation>{0}{1} ist ein Pfad eines anderen Systems: Sagen Sie mit --map ALT=NEU, welcher Ordner hier es ist. Nichts wurde importiert.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>Nothing in the file is in {0}. Nothing was imported.</source>
        <translation>Nichts in der Datei liegt in {0}. Nichts wurde importiert.</translation>
    </message>
    <message>
        <location filename="../../core/transfer/taking.py"/>
        <source>{0}{1} {2} not here; nothing was imported. --map OLD=NEW says where folders are here; --missing leave-out imports the others, --missing take all.</source>
        <translation>{0}{1} {2} nicht hier; nichts wurde importiert. --map ALT=NEU sagt, wo Ordner hier sind; --missing leave-out importiert die anderen, --missing take alle.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now.</source>
        <translation>Seine Dateien sind jetzt im Papierkorb.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Some of its files are in the trash now.</source>
        <translation>Einige seiner Dateien sind jetzt im Papierkorb.</translation>
    </message>
    <message>
        <location filename="../../core/unmaking.py"/>
        <source>Its files are in the trash now, and the original is back in its place.</source>
        <translation>Seine Dateien sind jetzt im Papierkorb, und das Original ist wieder an seinem Platz.</translation>
    </message>
    <message>
        <location filename="../../core/whole_file.py"/>
        <source>{0} is there already, and is no {1}: it was left as it is. Choose another name.</source>
        <translation>{0} ist schon da und ist kein {1}: Es wurde gelassen, wie es ist. Wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <location filename="../../core/worker.py"/>
        <source>Image Queue made a mistake ({0}).</source>
        <translation>Image Queue hat einen Fehler gemacht ({0}).</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It did not say that it is ready.</source>
        <translation>Es meldete sich nicht bereit.</translation>
    </message>
    <message>
        <location filename="../../core/worker_process.py"/>
        <source>It was gone before it got the task.</source>
        <translation>Es war fort, bevor es die Aufgabe bekam.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is damaged, or of a kind that cannot be read: {1}</source>
        <translation>{0} ist beschädigt oder von einer Art, die nicht gelesen werden kann: {1}</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} has {1} × {2} pixels, {3} megapixels; the limit is {4}.</source>
        <translation>{0} hat {1} × {2} Pixel, {3} Megapixel; die Grenze ist {4}.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} is there already</source>
        <translation>{0} ist schon da</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already</source>
        <translation>{0} und {1} weitere sind schon da</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>{0} and {1} more are there already.</source>
        <translation>{0} und {1} weitere sind schon da.</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source> and {0} more</source>
        <translation> und {0} weitere</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>was</source>
        <translation>wurde</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>were</source>
        <translation>wurden</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>is</source>
        <translation>ist</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>are</source>
        <translation>sind</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>read</source>
        <translation>gelesen</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>written</source>
        <translation>geschrieben</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>frames</source>
        <translation>Einzelbilder</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>scans</source>
        <translation>Durchgänge</translation>
    </message>
    <message>
        <location filename="../../resources/setup/translations.py"/>
        <source>language</source>
        <translation>Deutsch</translation>
    </message>
</context>
<context>
    <name>recipe-names</name>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>Thumbnail and resize</source>
        <translation>Vorschaubild und Skalierung</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/1-thumbnail-and-resize.toml"/>
        <source>A thumbnail of 256 pixels and a copy of 1920 pixels, in the format of the source</source>
        <translation>Ein Vorschaubild von 256 Pixeln und eine Kopie von 1920 Pixeln, im Format der Quelle</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>Web</source>
        <translation>Web</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/2-web.toml"/>
        <source>A WebP of 2048 pixels for a page, without the place where it was taken</source>
        <translation>Ein WebP von 2048 Pixeln für eine Seite, ohne den Aufnahmeort</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>Thumbnail</source>
        <translation>Vorschaubild</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/3-thumbnail.toml"/>
        <source>A thumbnail of 256 pixels, without metadata</source>
        <translation>Ein Vorschaubild von 256 Pixeln, ohne Metadaten</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>Web set</source>
        <translation>Web-Satz</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/4-web-set.toml"/>
        <source>WebP in 2048, 1024, 512 and 256 pixels from one decode, without the place where it was taken</source>
        <translation>WebP in 2048, 1024, 512 und 256 Pixeln aus einem Decodieren, ohne den Aufnahmeort</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>Email</source>
        <translation>E-Mail</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/5-email.toml"/>
        <source>A JPEG of up to 2560 pixels and under 1 MB, without the place where it was taken</source>
        <translation>Ein JPEG von bis zu 2560 Pixeln und unter 1 MB, ohne den Aufnahmeort</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>Archive</source>
        <translation>Archiv</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/6-archive.toml"/>
        <source>A PNG in full size with every pixel and colour as it was; refuses what PNG cannot hold exactly</source>
        <translation>Ein PNG in voller Größe, jedes Pixel und jede Farbe wie zuvor; lehnt ab, was PNG nicht genau fassen kann</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>Strip location</source>
        <translation>Aufnahmeort entfernen</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/7-strip-location.toml"/>
        <source>A copy in full size without the place where it was taken; all other metadata stay</source>
        <translation>Eine Kopie in voller Größe ohne den Aufnahmeort; alle anderen Metadaten bleiben</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>Convert HEIC to JPEG</source>
        <translation>HEIC in JPEG umwandeln</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/8-convert-heic-to-jpeg.toml"/>
        <source>A JPEG in full size, of a HEIC photo or of any other image; transparency is laid on white</source>
        <translation>Ein JPEG in voller Größe, aus einem HEIC-Foto oder einem anderen Bild; Transparenz wird auf Weiß gelegt</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>One PDF</source>
        <translation>Ein PDF</translation>
    </message>
    <message>
        <location filename="../../resources/recipes/9-one-pdf.toml"/>
        <source>All images that are added together as the pages of one PDF</source>
        <translation>Alle zusammen hinzugefügten Bilder als die Seiten eines PDF</translation>
    </message>
</context>
</TS>
